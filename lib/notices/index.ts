export { mailConfigured, sendMail } from './mail'
export { draftPartnerMail, recordNotice, sendNotice } from './notices'
export type { PartnerMail } from './partner-mail'
