import { type ChargingMode, type Command, type RefreshScene, v1Activities, v2Activities } from '../commands'
import { refuseValue, showValue, type WireError } from '../errors'
import { Fields, lengths, readFields, refuse } from '../fields'
import type { Result } from '../result'
import { parseWireTime } from '../times'

const chargingModes: Readonly<Record<string, ChargingMode>> = {
  '0': 'ON_DEMAND',
  '1': 'PERIOD',
  '3': 'ONE_TIME',
  '5': 'ON_DEMAND_PKG',
}

/**
 * Reads the decoded parameters of a SaaS V1.0 call into a command. The error names the first parameter that is
 * missing or wrong. Parameters the documents do not name are passed over; mobilePhone and email stay ciphertext.
 */
export function parseV1(params: Readonly<Record<string, string>>): Result<Command, WireError> {
  return readFields(() => {
    const fields = new Fields(params)
    const activity = activityOf(fields)
    fields.time('timeStamp')
    return command(activity, fields)
  })
}

function command(activity: (typeof v1Activities)[number], fields: Fields): Command {
  switch (activity) {
    case 'newInstance':
      return purchase(fields)
    case 'queryInstance':
      return { activity, instanceIds: fields.ids('instanceId'), test: fields.flag('testFlag') }
    case 'refreshInstance': {
      const orderAmount = fields.optionalAmount('orderAmount', 'negative too')
      return {
        activity,
        scene: sceneOf(fields, orderAmount),
        orderId: fields.text('orderId'),
        orderLineId: null,
        instanceId: fields.text('instanceId'),
        productId: fields.optionalText('productId'),
        expireTime: fields.time('expireTime'),
        orderAmount,
        periodType: fields.optionalText('periodType', 10),
        periodNumber: fields.optionalInteger('periodNumber', 2),
        test: fields.flag('testFlag'),
      }
    }
    case 'expireInstance':
      return {
        activity,
        instanceId: fields.text('instanceId'),
        orderId: fields.optionalText('orderId'),
        test: fields.flag('testFlag'),
      }
    case 'releaseInstance':
      return {
        activity,
        instanceId: fields.text('instanceId'),
        orderId: fields.optionalText('orderId'),
        orderLineId: null,
        test: fields.flag('testFlag'),
      }
    case 'upgrade':
      return {
        activity,
        instanceId: fields.text('instanceId'),
        orderId: fields.text('orderId'),
        orderLineId: null,
        skuCode: fields.optionalText('skuCode'),
        productId: fields.text('productId'),
        amount: fields.optionalInteger('amount', 7),
        diskSize: fields.optionalInteger('diskSize', 7),
        bandWidth: fields.optionalInteger('bandWidth', 7),
        extendParams: fields.extendParams('saasExtendParams'),
        test: fields.flag('testFlag'),
      }
    case 'instanceStatus':
      return {
        activity,
        instanceId: fields.text('instanceId'),
        status: fields.oneOf('instanceStatus', ['FREEZE', 'NORMAL']) === 'NORMAL' ? 'UNFREEZE' : 'FREEZE',
        test: fields.flag('testFlag'),
      }
  }
}

function purchase(fields: Fields): Command {
  const expireTimeText = fields.optionalTime('expireTime')
  const expireTime = expireTimeText === null ? null : parseWireTime(expireTimeText, 'UTC')
  return {
    activity: 'newInstance',
    protocol: 'saas-v1',
    orderId: fields.text('orderId'),
    orderLineId: null,
    businessId: fields.text('businessId'),
    productId: fields.text('productId'),
    test: fields.flag('testFlag'),
    v1: {
      customerId: fields.text('customerId', lengths.customerId),
      customerName: fields.optionalText('customerName'),
      userId: fields.optionalText('userId'),
      userName: fields.optionalText('userName'),
      mobilePhone: fields.optionalText('mobilePhone', lengths.encrypted),
      email: fields.optionalText('email', lengths.encrypted),
      // Mandatory in the table, yet the marketplace's own debug calls come without it (zh-cn_topic_0070649013).
      skuCode: fields.optionalText('skuCode'),
      trial: fields.flag('trialFlag'),
      expireTime: expireTime?.ok ? expireTime.value : null,
      expireTimeText,
      chargingMode: chargingModeOf(fields),
      extendParams: fields.extendParams('saasExtendParams'),
      amount: fields.optionalInteger('amount', 7),
      diskSize: fields.optionalInteger('diskSize', 7),
      bandWidth: fields.optionalInteger('bandWidth', 7),
      periodType: fields.optionalText('periodType', 10),
      periodNumber: fields.optionalInteger('periodNumber', 2),
      orderAmount: fields.optionalAmount('orderAmount', 'not negative'),
      provisionType: fields.optionalText('provisionType'),
    },
  }
}

function activityOf(fields: Fields) {
  const came = fields.raw('activity')
  if (typeof came === 'string' && v2Activities.some((name) => name === came) && !v1Activities.some((n) => n === came)) {
    refuse(refuseValue('activity', came, `${v1Activities.join(', ')} (${showValue(came)} belongs to V2.0, by POST)`))
  }
  return fields.oneOf('activity', v1Activities)
}

function chargingModeOf(fields: Fields): ChargingMode | null {
  const text = fields.optionalText('chargingMode')
  if (text === null) return null
  const mode = Object.hasOwn(chargingModes, text) ? chargingModes[text] : undefined
  return mode ?? refuse(refuseValue('chargingMode', text, '0, 1, 3 or 5'))
}

/** V1 has no scene: a conversion carries trialToFormal, a refunded renewal a negative orderAmount. */
function sceneOf(fields: Fields, orderAmount: string | null): RefreshScene {
  const conversion = fields.optionalInteger('trialToFormal', 2)
  // 1 is trial to period; the value of trial to pay-per-use is not published (en-us_topic_0070649014).
  if (conversion !== null && conversion !== 0) return 'TRIAL_TO_FORMAL'
  const refunded = orderAmount?.startsWith('-') && /[1-9]/.test(orderAmount)
  return refunded ? 'UNSUBSCRIBE_RENEWAL_PERIOD' : 'RENEWAL'
}
