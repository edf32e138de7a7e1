export {
  changeLicenseCode,
  endLicense,
  licenseOfEvent,
  licenseOfOrder,
  noteFetched,
  releaseLicensesOf,
  renewLicense,
} from './calls'
export { sweepLicenses } from './code-actions'
export { announceLicense, type LicenseEnd, produceLicense, refusal, uploadLicense } from './produce'
export { licenseFigures, licenseItem, licensesAbout } from './queries'
export { findLicense, type License, licenseFacts, licensesOfInstance, rebuildLicense } from './read'
export { codePrint, eventOf, lockLicenses } from './store'
