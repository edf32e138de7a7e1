import { HOUR, type Random, utc14 } from './believable'

/** Licence 1.0 comes by GET, licence 2.0 and the online licence by POST (license.md §1, §2.6, §3.4). */
export const LICENSE_ACTIVITIES = {
  v1: ['getLicense', 'refreshLicense', 'expireLicense', 'releaseLicense'],
  v2: ['refreshLicenseCode', 'updateLicenseCodeStatus', 'releaseLicenseCode', 'getLicenseAsync'],
} as const

type Known = { at: Date; orderId: string; instanceId: string; renewed: string; random: Random }

/** The members of a licence call, without those every call has; null for other activities. */
export function licenseFields(activity: string, known: Known): Record<string, unknown> | null {
  const { at, orderId, instanceId, renewed, random } = known
  const code = () => `PL${random.text(10, '0123456789ABCDEFGHJKLMNPQRSTUVWXYZ')}`
  switch (activity) {
    case 'getLicense':
      return {
        orderId,
        businessId: random.uuid(),
        customerId: random.text(32, '0123456789abcdef'),
        customerName: 'hw_license_buyer',
        productId: `OFFI${random.text(18, '0123456789')}`,
        skuCode: random.uuid(),
        chargingMode: 1,
        periodType: 'year',
        periodNumber: 1,
        expireTime: renewed,
        amount: 1,
        provisionType: 1,
        saasExtendParams: [{ name: 'identificationCode', value: random.text(24, '0123456789ABCDEF') }],
      }
    case 'refreshLicense':
      return { orderId, instanceId, expireTime: renewed, periodType: 'year', periodNumber: 1 }
    case 'expireLicense':
    case 'releaseLicense':
      return { orderId, instanceId }
    case 'refreshLicenseCode':
      return { scene: 'RENEWAL', orderId, license: code(), expireTime: renewed }
    case 'updateLicenseCodeStatus':
      return { license: code(), status: 'FREEZE' }
    case 'releaseLicenseCode':
      return { license: code(), orderId }
    case 'getLicenseAsync':
      return {
        instanceId,
        eventId: random.uuid(),
        effectiveTime: spelled(at),
        expireTime: spelled(new Date(at.getTime() + 365 * 24 * HOUR)),
        deviceFingerprint: `00:16:3e:${random.text(2, '0123456789abcdef')}|disk-1|board-1|cpu-1`,
      }
    default:
      return null
  }
}

/** `2023-10-27 10:30:15 z` (license.md §3.4). */
function spelled(at: Date): string {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(..)(..)(..)(..)(..)$/.exec(utc14(at)) ?? []
  return `${year}-${month}-${day} ${hour}:${minute}:${second} z`
}
