export { flushUsed, noteUsed } from './last-used'
export {
  type CredentialChanged,
  changeCredential,
  createCredential,
  deleteCredential,
  insertCredential,
  listCredentials,
  updateCredential,
} from './manage'
export {
  type Credential,
  type CredentialKind,
  type CredentialView,
  credentialChangeSchema,
  credentialKinds,
  credentialViewSchema,
  newCredentialSchema,
} from './schema'
