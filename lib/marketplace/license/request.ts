import type { WireError } from '../errors'
import { refuseMissing, refuseValue } from '../errors'
import { Fields, lengths, readFields, refuse } from '../fields'
import type { Result } from '../result'
import { parseLicenseTime } from '../times'
import { licenseV1Activities, licenseV2Activities, onlineLicenseActivities } from './activities'
import type { LicenseCommand } from './commands'

const scenes = ['TRIAL_TO_FORMAL', 'RENEWAL', 'UNSUBSCRIBE_RENEWAL_PERIOD'] as const
const FINGERPRINT_LIMIT = 8192

/** Reads the decoded parameters of a licence 1.0 call. Errors name the first parameter that is missing or wrong. */
export function parseLicenseV1(params: Readonly<Record<string, string>>): Result<LicenseCommand, WireError> {
  return readFields(() => {
    const fields = new Fields(params)
    const activity = fields.oneOf('activity', licenseV1Activities)
    fields.time('timeStamp')
    const test = fields.flag('testFlag')
    if (activity === 'getLicense') return purchase(fields, test)
    if (activity !== 'refreshLicense') {
      const instanceId = fields.optionalText('instanceId')
      const orderId = fields.optionalText('orderId')
      if (!instanceId && !orderId) refuse(refuseMissing('instanceId', `1 to ${lengths.id} characters`))
      return { activity, instanceId, orderId, test }
    }
    return {
      activity,
      orderId: fields.text('orderId'),
      instanceId: fields.text('instanceId'),
      productId: fields.optionalText('productId'),
      expireTime: fields.time('expireTime'),
      periodType: fields.optionalText('periodType', 10),
      periodNumber: fields.optionalInteger('periodNumber', 2),
      test,
    }
  })
}

function purchase(fields: Fields, test: boolean): LicenseCommand {
  const extendParams = fields.extendParams('saasExtendParams')
  const codes = extendParams.filter(({ name, value }) => name === 'identificationCode' && value !== '')
  return {
    activity: 'getLicense',
    orderId: fields.text('orderId'),
    businessId: fields.text('businessId'),
    customerId: fields.text('customerId', lengths.customerId),
    customerName: fields.optionalText('customerName'),
    productId: fields.text('productId'),
    skuCode: fields.optionalText('skuCode'),
    identificationCode: codes.length > 0 ? codes.map(({ value }) => value).join(',') : null,
    expireTime: fields.optionalTime('expireTime'),
    periodType: fields.optionalText('periodType', 10),
    periodNumber: fields.optionalInteger('periodNumber', 2),
    amount: fields.optionalInteger('amount', 7),
    userId: fields.optionalText('userId'),
    userName: fields.optionalText('userName'),
    extendParams,
    test,
  }
}

/** Reads the body of a licence 2.0 or online licence call, given as plain JSON values. */
export function parseLicenseV2(body: unknown): Result<LicenseCommand, WireError> {
  return readFields(() => {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      refuse(refuseValue('body', body, 'a JSON object'))
    const fields = new Fields(body as Record<string, unknown>)
    const activity = fields.oneOf('activity', [...licenseV2Activities, ...onlineLicenseActivities])
    const test = fields.flag('testFlag')
    switch (activity) {
      case 'refreshLicenseCode':
        return {
          activity,
          scene: fields.oneOf('scene', scenes),
          orderId: fields.text('orderId'),
          orderLineId: fields.optionalText('orderLineId'),
          license: fields.text('license'),
          productId: fields.optionalText('productId'),
          expireTime: fields.time('expireTime'),
          test,
        }
      case 'updateLicenseCodeStatus':
        return {
          activity,
          license: fields.text('license'),
          status: fields.oneOf('status', ['FREEZE', 'UNFREEZE']),
          test,
        }
      case 'releaseLicenseCode':
        return {
          activity,
          license: fields.text('license'),
          orderId: fields.optionalText('orderId'),
          orderLineId: fields.optionalText('orderLineId'),
          test,
        }
      case 'getLicenseAsync':
        return {
          activity,
          instanceId: fields.text('instanceId'),
          eventId: fields.text('eventId'),
          effectiveTime: licenseTime(fields, 'effectiveTime') ?? refuse(refuseMissing('effectiveTime', TIME_FORM)),
          expireTime: licenseTime(fields, 'expireTime'),
          // The table says 1024, the client's own guide 5 KB (zh-cn_topic_0070649255, ISCDesk).
          deviceFingerprint: fields.optionalText('deviceFingerprint', FINGERPRINT_LIMIT),
          test,
        }
    }
  })
}

const TIME_FORM = 'yyyy-MM-dd HH:mm:ss z, UTC'

function licenseTime(fields: Fields, name: string): Date | null {
  const text = fields.optionalText(name)
  if (text === null) return null
  const time = parseLicenseTime(text)
  return time.ok ? time.value : refuse(refuseValue(name, text, TIME_FORM))
}
