/** Licence 1.0 callbacks: GET with authToken, answered with Body-Sign (imc_01_0038). */
export const licenseV1Activities = ['getLicense', 'refreshLicense', 'expireLicense', 'releaseLicense'] as const

/** Licence 2.0 callbacks: POST, signed like SaaS V2 (zh-cn_topic_0070649172). */
export const licenseV2Activities = ['refreshLicenseCode', 'updateLicenseCodeStatus', 'releaseLicenseCode'] as const

/** The one callback only online licences have; their others are the SaaS V2 ones (zh-cn_topic_0070649282). */
export const onlineLicenseActivities = ['getLicenseAsync'] as const

export type LicenseActivity =
  | (typeof licenseV1Activities)[number]
  | (typeof licenseV2Activities)[number]
  | (typeof onlineLicenseActivities)[number]

const all = new Set<string>([...licenseV1Activities, ...licenseV2Activities, ...onlineLicenseActivities])

export function isLicenseActivity(activity: unknown): activity is LicenseActivity {
  return typeof activity === 'string' && all.has(activity)
}
