import type { ExtendParam } from '../commands'
import { extendParam } from '../fields'
import { type JsonValue, readJson, toValue } from '../json'
import { failure, type Result, success } from '../result'
import { type AccessKey, encode, signSdkHmac } from '../signing/sdk-hmac'
import { cutText, escapeControls } from '../text'

const ORDER_PATH = '/api/mkp-openapi-public/global/v1/order/query'
const GATEWAY_SKEW_MS = 15 * 60_000

/** The nine orders the marketplace answers to without a purchase (zh-cn_topic_0070649350); spelt as published. */
export const mockOrderIds = [
  'MOCKPERIODYEARNEW',
  'MOCKONETIMENEW',
  'MOCKONDEMAND',
  'MOCKONDEMANDPKG',
  'MOCKPERIODDAYTRIAL',
  'MOCKMONTYTRIALTOFORMAL',
  'MOCKMONTYUNSUBSCRIBE',
  'MOCKMONTYRENEW',
  'MOCKMONTYCHANGE',
] as const

/** `createTime` and `expireTime` are raw `yyyyMMddHHmmss`: their zone is not documented. Amounts are exact texts. */
export type MarketplaceOrder = {
  orderId: string
  /** NEW, TRIAL, TRIAL_TO_FORMAL, UNSUBSCRIBE, RENEW or CHANGE */
  orderType: string
  createTime: string | null
  lines: MarketplaceOrderLine[]
  buyer: MarketplaceBuyer | null
  extendParams: ExtendParam[]
}

export type MarketplaceOrderLine = {
  orderLineId: string
  /** ON_DEMAND, ONE_TIME, PERIOD or ON_DEMAND_PKG */
  chargingMode: string | null
  periodType: string | null
  periodNumber: number | null
  expireTime: string | null
  products: MarketplaceProduct[]
  extendParams: ExtendParam[]
  currency: string | null
  currencyAfterDiscount: string | null
}

export type MarketplaceProduct = {
  productId: string | null
  skuCode: string | null
  linearValue: number | null
  productName: string | null
}

export type MarketplaceBuyer = {
  customerId: string | null
  customerName: string | null
  customerRealName: string | null
  customerType: number | null
  userId: string | null
  userName: string | null
  mobilePhone: string | null
  email: string | null
}

export const orderErrorFamilies = [
  'auth',
  'clock-skew',
  'not-found-or-not-yours',
  'invalid',
  'rate-limited',
  'marketplace',
  'gateway',
  'unreadable',
] as const
export type OrderErrorFamily = (typeof orderErrorFamilies)[number]

/** `code` is the marketplace's or the gateway's, blanks removed; `skewMs` is our clock minus theirs. */
export type OrderQueryError = {
  family: OrderErrorFamily
  status: number
  code: string | null
  message: string
  skewMs?: number
}

/** Builds the signed GET of the order query. `baseUrl` is `https://host`, ids at most 64 characters. */
export function buildOrderQuery(
  query: AccessKey & {
    baseUrl: string
    orderId: string
    orderLineId?: string | null
    now: Date
  },
): { url: string; headers: Record<string, string> } {
  const pairs = [['orderId', query.orderId]]
  if (query.orderLineId) pairs.push(['orderLineId', query.orderLineId])
  const search = pairs.map(([name, value = '']) => `${name}=${encode(value)}`).join('&')
  const url = `${query.baseUrl.replace(/\/+$/, '')}${ORDER_PATH}?${search}`
  const headers = { 'Content-Type': 'application/json' }
  return { url, headers: signSdkHmac({ method: 'GET', url, headers }, query, query.now) }
}

type HeaderSource = { get(name: string): string | null } | Readonly<Record<string, string | string[] | undefined>>

/**
 * Reads the answer of the order query. `nowMs` is our clock when it arrived, to tell a wrong clock from a wrong key.
 * Never judges by the status alone: business failures may come with 200, gateway failures have a shape of their own.
 */
export function parseOrderAnswer(
  status: number,
  headers: HeaderSource,
  bodyText: string,
  nowMs: number,
): Result<MarketplaceOrder, OrderQueryError> {
  const skewMs = clockSkewMs(headers, nowMs)
  const read = readJson(bodyText)
  const answer = read.ok ? asObject(toValue(read.value)) : null
  const code = answer && codeOf(answer)
  if (!answer || code === null) {
    const family = familyOfStatus(status, skewMs)
    return failure(withSkew({ family, status, code: null, message: statusMessage(status, bodyText) }, skewMs))
  }
  const message = messageOf(answer)
  if (!/^(?:MKT|CBC)\.0000$/.test(code)) {
    return failure(withSkew({ family: familyOfCode(code, status, skewMs), status, code, message }, skewMs))
  }
  const order = orderOf(answer)
  if (order.ok) return order
  return failure({ family: 'unreadable', status, code, message: `the answer has no usable ${order.error}` })
}

/** Stray blanks occur inside codes (`MKT. 0250`), and newer gateways shorten their prefix to `APIG.`. */
function codeOf(answer: Members): string | null {
  const code = text(answer.resultCode) ?? text(answer.error_code) ?? text(answer.errorCode)
  return code === null ? null : cutText(escapeControls(code.replace(/\s+/g, '').toUpperCase()), 64)
}

function messageOf(answer: Members): string {
  const message = text(answer.resultMsg) ?? text(answer.error_msg) ?? text(answer.errorMsg) ?? ''
  return cutText(escapeControls(message), 255)
}

function statusMessage(status: number, bodyText: string): string {
  const start = cutText(escapeControls(bodyText.slice(0, 200).trim()), 120)
  return `HTTP ${status} without a code${start ? `: ${start}` : ''}`
}

const businessFamilies: Readonly<Record<string, OrderErrorFamily>> = {
  '0100': 'invalid',
  '0101': 'invalid',
  '0199': 'invalid',
  '0150': 'not-found-or-not-yours',
  '0151': 'auth',
  '0154': 'auth',
  '0250': 'rate-limited',
  '0999': 'marketplace',
  '9001': 'not-found-or-not-yours',
  '9002': 'invalid',
  '9003': 'invalid',
  '9004': 'invalid',
  '9005': 'invalid',
}

function familyOfCode(code: string, status: number, skewMs: number | null): OrderErrorFamily {
  const [, prefix, number = ''] = /^(MKT|CBC|APIGW|APIG)\.(\d+)$/.exec(code) ?? []
  if (prefix === 'MKT' || prefix === 'CBC') {
    return (Object.hasOwn(businessFamilies, number) && businessFamilies[number]) || familyOfStatus(status, null)
  }
  if (!prefix) return familyOfStatus(status, skewMs)
  if (number === '0303' || (number.startsWith('03') && isSkewed(skewMs))) return 'clock-skew'
  if (number === '0308' || status === 429) return 'rate-limited'
  return number.startsWith('03') ? 'auth' : 'gateway'
}

function familyOfStatus(status: number, skewMs: number | null): OrderErrorFamily {
  if (status === 401 || status === 403) return isSkewed(skewMs) ? 'clock-skew' : 'auth'
  if (status === 406 || status === 429) return 'rate-limited'
  if (status === 404 || status === 413 || status === 502 || status === 503 || status === 504) return 'gateway'
  if (status >= 500) return 'marketplace'
  return status >= 400 ? 'invalid' : 'unreadable'
}

function isSkewed(skewMs: number | null): boolean {
  return skewMs !== null && Math.abs(skewMs) > GATEWAY_SKEW_MS
}

function withSkew(error: OrderQueryError, skewMs: number | null): OrderQueryError {
  return error.family === 'clock-skew' && skewMs !== null ? { ...error, skewMs } : error
}

/** Our clock minus the one of an answer's Date header (whole seconds), in milliseconds; null without a readable one. */
export function clockSkewMs(headers: HeaderSource, nowMs: number): number | null {
  const value =
    typeof headers.get === 'function'
      ? headers.get('date')
      : Object.entries(headers).find(([name]) => name.toLowerCase() === 'date')?.[1]
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? null : nowMs - time
}

type Members = { [name: string]: JsonValue }

function orderOf(answer: Members): Result<MarketplaceOrder, string> {
  const info = asObject(answer.orderInfo)
  if (!info) return failure('orderInfo')
  const orderId = text(info.orderId)
  const orderType = text(info.orderType)
  if (orderId === null) return failure('orderInfo.orderId')
  if (orderType === null) return failure('orderInfo.orderType')
  const lines = asList(info.orderLine).map(asObject)
  if (lines.length === 0) return failure('orderInfo.orderLine')
  const read: MarketplaceOrderLine[] = []
  for (const line of lines) {
    const orderLineId = line && text(line.orderLineId)
    if (!line || orderLineId === null) return failure('orderInfo.orderLine.orderLineId')
    read.push(lineOf(line, orderLineId))
  }
  return success({
    orderId,
    orderType,
    createTime: text(info.createTime),
    lines: read,
    buyer: buyerOf(asObject(info.buyerInfo)),
    extendParams: paramsOf(info.extendParams),
  })
}

function lineOf(line: Members, orderLineId: string): MarketplaceOrderLine {
  const products = asList(line.productInfo).map(asObject)
  return {
    orderLineId,
    chargingMode: text(line.chargingMode),
    periodType: text(line.periodType),
    periodNumber: number(line.periodNumber),
    expireTime: text(line.expireTime),
    products: products.flatMap((product) =>
      product
        ? {
            productId: text(product.productId),
            skuCode: text(product.skuCode),
            linearValue: number(product.linearValue),
            productName: text(product.productName),
          }
        : [],
    ),
    extendParams: paramsOf(line.extendParams),
    currency: text(line.currency),
    currencyAfterDiscount: text(line.currencyAfterDiscount),
  }
}

function buyerOf(buyer: Members | null): MarketplaceBuyer | null {
  if (!buyer) return null
  return {
    customerId: text(buyer.customerId),
    customerName: text(buyer.customerName),
    customerRealName: text(buyer.customerRealName),
    customerType: number(buyer.customerType),
    userId: text(buyer.userId),
    userName: text(buyer.userName),
    mobilePhone: text(buyer.mobilePhone),
    email: text(buyer.email),
  }
}

function paramsOf(value: JsonValue | undefined): ExtendParam[] {
  return asList(value).flatMap((item) => extendParam(item) ?? [])
}

function asObject(value: JsonValue | undefined): Members | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
}

function asList(value: JsonValue | undefined): JsonValue[] {
  if (Array.isArray(value)) return value
  return value === undefined || value === null ? [] : [value]
}

/** Blank texts count as absent; a number keeps the form it was written in. */
function text(value: JsonValue | undefined): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  const trimmed = String(value).trim()
  return trimmed === '' ? null : trimmed
}

function number(value: JsonValue | undefined): number | null {
  const written = text(value)
  if (written === null) return null
  const parsed = Number(written)
  return Number.isFinite(parsed) ? parsed : null
}
