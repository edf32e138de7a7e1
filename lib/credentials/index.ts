export { flushUsed, noteUsed } from './last-used'
export {
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
  credentialChangeSchema,
  credentialKinds,
  credentialViewSchema,
  newCredentialSchema,
} from './schema'
