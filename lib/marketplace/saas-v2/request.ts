import { type Command, type TargetProduct, v1Activities, v2Activities } from '../commands'
import { refuseMissing, refuseValue, showValue, type WireError } from '../errors'
import { Fields, readFields, refuse } from '../fields'
import { readJson, toValue } from '../json'
import type { Result } from '../result'

const scenes = ['TRIAL_TO_FORMAL', 'RENEWAL', 'UNSUBSCRIBE_RENEWAL_PERIOD', 'RENEWAL_CHANGE'] as const
const statuses = ['FREEZE', 'UNFREEZE'] as const

/**
 * Reads the body of a SaaS V2.0 call, given as plain JSON values, into a command. The error names the first field
 * that is missing or wrong. Members the documents do not name are passed over.
 */
export function parseV2(body: unknown): Result<Command, WireError> {
  return readFields(() => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      refuse(refuseValue('body', body, 'a JSON object'))
    }
    return command(new Fields(body as Record<string, unknown>))
  })
}

function command(fields: Fields): Command {
  const activity = activityOf(fields)
  switch (activity) {
    case 'newInstance':
      return {
        activity,
        protocol: 'saas-v2',
        orderId: fields.text('orderId'),
        orderLineId: fields.text('orderLineId'),
        businessId: fields.text('businessId'),
        productId: fields.optionalText('productId'),
        test: fields.flag('testFlag'),
      }
    case 'queryInstance':
      return { activity, instanceIds: fields.ids('instanceId'), test: fields.flag('testFlag') }
    case 'refreshInstance':
      return {
        activity,
        scene: fields.oneOf('scene', scenes),
        orderId: fields.text('orderId'),
        orderLineId: fields.text('orderLineId'),
        instanceId: fields.text('instanceId'),
        productId: fields.optionalText('productId'),
        expireTime: fields.time('expireTime'),
        orderAmount: null,
        periodType: null,
        periodNumber: null,
        test: fields.flag('testFlag'),
      }
    case 'updateInstanceStatus':
      return {
        activity,
        instanceId: fields.text('instanceId'),
        status: fields.oneOf('status', statuses),
        test: fields.flag('testFlag'),
      }
    case 'releaseInstance':
      return {
        activity,
        instanceId: fields.text('instanceId'),
        orderId: fields.optionalText('orderId'),
        orderLineId: fields.optionalText('orderLineId'),
        test: fields.flag('testFlag'),
      }
    case 'upgradeInstance':
      return {
        activity,
        instanceId: fields.text('instanceId'),
        orderId: fields.text('orderId'),
        orderLineId: fields.text('orderLineId'),
        skuCode: fields.optionalText('skuCode'),
        productId: fields.optionalText('productId'),
        amount: null,
        diskSize: null,
        bandWidth: null,
        extendParams: [],
        test: fields.flag('testFlag'),
      }
    case 'changeInstanceCheck':
      return {
        activity,
        instanceId: fields.text('instanceId'),
        products: products(fields),
        test: fields.flag('testFlag'),
      }
    case 'orderNotify':
      return {
        activity,
        orderId: fields.text('orderId'),
        orderLineId: fields.text('orderLineId'),
        test: fields.flag('testFlag'),
      }
  }
}

function activityOf(fields: Fields) {
  const came = fields.raw('activity')
  if (typeof came === 'string' && v1Activities.some((name) => name === came) && !v2Activities.some((n) => n === came)) {
    refuse(refuseValue('activity', came, `${v2Activities.join(', ')} (${showValue(came)} belongs to V1.0, by GET)`))
  }
  return fields.oneOf('activity', v2Activities)
}

/** The target of a change. The documents do not show its form, so an object, a list and either as text will do. */
function products(fields: Fields): TargetProduct[] {
  const name = 'productInfo'
  const allowed = 'an object or a list of 1 to 100 objects with productId, skuCode, linearValue, productName'
  const came = fields.raw(name)
  if (came === undefined || came === null || came === '') refuse(refuseMissing(name, allowed))
  const value = typeof came === 'string' ? jsonOf(came) : came
  const list = Array.isArray(value) ? value : [value]
  if (list.length < 1 || list.length > 100) refuse(refuseValue(name, came, allowed))
  return list.map((item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item) || Object.keys(item).length === 0) {
      refuse(refuseValue(name, came, allowed))
    }
    const product = new Fields(item)
    return {
      productId: product.optionalText('productId'),
      skuCode: product.optionalText('skuCode'),
      linearValue: product.optionalInteger('linearValue', 9),
      productName: product.optionalText('productName', 1024),
    }
  })
}

function jsonOf(text: string): unknown {
  const read = readJson(text)
  return read.ok ? toValue(read.value) : undefined
}
