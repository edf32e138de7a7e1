export {
  changeUser,
  createUser,
  emailSchema,
  insertUser,
  listUsers,
  newUserSchema,
  passwordSchema,
  roleSchema,
  updateUser,
  userChangeSchema,
  userSchema,
} from './accounts'
export { ensureSetupLink, redeemSetupLink, setupLinkUseSchema } from './first-admin'
export { hashPassword, verifyPassword } from './password'
export { forgetSessions } from './sessions'
export { verifySignIn } from './sign-in'
export {
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
