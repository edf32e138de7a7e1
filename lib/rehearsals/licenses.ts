import { randomUUID } from 'node:crypto'
import { formatWireTime } from '@/lib/marketplace'

const yearMs = 365 * 86_400_000

export function inAYear(now: Date): string {
  return formatWireTime(new Date(now.getTime() + yearMs), 'UTC')
}

type Ids = { instanceId: string; productId: string; skuCode: string }

/** Members of the licence 1.0 calls (zh-cn_topic_0000001353181669 ff.); null for other activities. */
export function licenseMembersV1(
  activity: string,
  { instanceId, productId, skuCode }: Ids,
  orderId: string,
  now: Date,
): Record<string, string> | null {
  switch (activity) {
    case 'getLicense':
      return {
        businessId: randomUUID(),
        orderId,
        productId,
        skuCode,
        customerId: '68cbc86abc2018ab880d92f36422fa0e',
        customerName: 'rehearsal',
        chargingMode: '1',
        periodType: 'year',
        periodNumber: '1',
        expireTime: inAYear(now),
        amount: '1',
        provisionType: '1',
        saasExtendParams: Buffer.from('[{"name":"identificationCode","value":"0123456789ABCDEF01234567"}]').toString(
          'base64',
        ),
      }
    case 'refreshLicense':
      return { orderId, instanceId, expireTime: inAYear(now), periodType: 'year', periodNumber: '1' }
    case 'expireLicense':
    case 'releaseLicense':
      return { orderId, instanceId }
    default:
      return null
  }
}

const CODE = 'PLREHEARSAL'

/** Members of the licence 2.0 and online licence calls (zh-cn_topic_0070649167 ff., 0070649255). */
export function licenseMembersV2(
  activity: string,
  { instanceId, productId }: Pick<Ids, 'instanceId' | 'productId'>,
  order: { orderId: string; orderLineId: string },
  now: Date,
): Record<string, unknown> | null {
  switch (activity) {
    case 'refreshLicenseCode':
      return { ...order, scene: 'RENEWAL', license: CODE, productId, expireTime: inAYear(now) }
    case 'updateLicenseCodeStatus':
      return { license: CODE, status: 'FREEZE' }
    case 'releaseLicenseCode':
      return { ...order, license: CODE }
    case 'getLicenseAsync':
      return {
        instanceId,
        eventId: randomUUID(),
        effectiveTime: spelled(now),
        expireTime: spelled(new Date(now.getTime() + yearMs)),
        deviceFingerprint: 'rehearsal-device',
      }
    default:
      return null
  }
}

function spelled(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} z`
}
