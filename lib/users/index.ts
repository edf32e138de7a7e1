export {
  changeUser,
  createUser,
  emailSchema,
  insertUser,
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
export { hashPassword, verifyPassword } from './password'
export { forgetSessions } from './sessions'
export { type SignedIn, verifySignIn } from './sign-in'
export {
  type ApiToken,
  apiTokenSchema,
  changeToken,
  contextForToken,
  createToken,
  forgetTokens,
  insertToken,
  listTokens,
  newTokenSchema,
  revokeToken,
  tokenNameSchema,
  tokenSchema,
} from './tokens'
