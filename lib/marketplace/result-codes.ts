import { cutText, escapeControls } from './text'

/** Every code a seller may answer with (zh-cn_topic_0070649421; 0009xx: zh-cn_topic_0070649288). */
export const ResultCode = {
  success: '000000',
  authenticationFailed: '000001',
  invalidParameter: '000002',
  unknownInstance: '000003',
  processing: '000004',
  internalError: '000005',
  noResource: '000100',
  mobileTaken: '000101',
  emailTaken: '000102',
  alreadyPurchased: '000103',
  serviceError: '000104',
  alreadySubscribed: '000105',
  soldOut: '000106',
  emailDomainTaken: '000107',
  licenseQuotaUsed: '000900',
  licenseOutsideOrder: '000901',
  licenseNeedsExpiry: '000902',
  licenseNeedsDevice: '000903',
} as const

export type ResultCode = (typeof ResultCode)[keyof typeof ResultCode]

export type ResultCodeInfo = {
  /** Name of the meaning, for translated texts. */
  meaning: keyof typeof ResultCode
  /** What `resultMsg` says when nothing more precise is known. */
  message: string
  /** Which calls may be answered with it. */
  scope: 'all' | 'known-instance' | 'newInstance' | 'license'
}

const info = (meaning: ResultCodeInfo['meaning'], scope: ResultCodeInfo['scope'], message: string): ResultCodeInfo => ({
  meaning,
  scope,
  message,
})

export const resultCodes: Readonly<Record<ResultCode, ResultCodeInfo>> = {
  '000000': info('success', 'all', 'success.'),
  '000001': info('authenticationFailed', 'all', 'authentication failed'),
  '000002': info('invalidParameter', 'all', 'invalid request parameter'),
  '000003': info('unknownInstance', 'known-instance', 'the instance does not exist'),
  '000004': info('processing', 'all', 'the request is being processed'),
  '000005': info('internalError', 'all', 'internal error'),
  '000100': info('noResource', 'newInstance', 'no instance resource is left to allot'),
  '000101': info('mobileTaken', 'newInstance', 'the mobile number is missing or already in use'),
  '000102': info('emailTaken', 'newInstance', 'the e-mail address is missing or already in use'),
  '000103': info('alreadyPurchased', 'newInstance', 'the product was bought before and cannot be bought again'),
  '000104': info('serviceError', 'newInstance', 'internal error of the product service'),
  '000105': info('alreadySubscribed', 'newInstance', 'the account has subscribed to the benefits already'),
  '000106': info('soldOut', 'newInstance', 'sold out'),
  '000107': info('emailDomainTaken', 'newInstance', 'the e-mail domain already exists'),
  '000900': info('licenseQuotaUsed', 'license', 'the licence quota of the current order is used up'),
  '000901': info('licenseOutsideOrder', 'license', 'the dates lie outside those of the current order'),
  '000902': info('licenseNeedsExpiry', 'license', 'a periodic licence needs an expiry date'),
  '000903': info('licenseNeedsDevice', 'license', 'a device fingerprint or hardware code is needed'),
}

const RESULT_MSG_LIMIT = 255

export function isResultCode(text: unknown): text is ResultCode {
  return typeof text === 'string' && Object.hasOwn(resultCodes, text)
}

/** The `resultMsg` of a code: its meaning, and after a colon the detail if there is one; at most 255 characters. */
export function resultMessage(code: ResultCode, detail?: string): string {
  const { message } = resultCodes[code]
  return limitMessage(detail ? `${message}: ${detail}` : message)
}

/** One line of at most 255 characters, never ending in half a character. */
export function limitMessage(text: string): string {
  return cutText(escapeControls(text), RESULT_MSG_LIMIT)
}
