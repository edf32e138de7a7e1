export {
  createUser,
  emailSchema,
  listUsers,
  newUserSchema,
  passwordSchema,
  roleSchema,
  type User,
  updateUser,
  userChangeSchema,
  userSchema,
} from './accounts'
export { ensureSetupLink, redeemSetupLink, setupLinkUseSchema } from './first-admin'
export { pruneSignInFailures, type SignedIn, verifySignIn } from './sign-in'
export {
  type ApiToken,
  apiTokenSchema,
  contextForToken,
  createToken,
  listTokens,
  newTokenSchema,
  revokeToken,
} from './tokens'
