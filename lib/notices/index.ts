export { mailConfigured, sendMail } from './mail'
export { draftPartnerMail, recordNotice, sendNotice } from './notices'
