import { isResultCode, resultCodes } from '@/lib/marketplace'

export const PARTNER_ADDRESS = 'partner@huaweicloud.com'

export type PartnerMail = { to: string; subject: string; zh: string; en: string }

/** What a mail about a message tells. Nothing in it is secret; customers are left out. */
export type PartnerMailFacts = {
  activity: string
  productName: string | null
  productId: string | null
  orderId: string | null
  orderLineId: string | null
  instanceId: string | null
  /** the first and the newest call of the marketplace */
  firstAt: Date
  lastAt: Date
  attempts: number
  /** the newest failure */
  resultCode: string | null
  resultMsg: string | null
  /** when it was put right: the replay that succeeded */
  fixedAt: Date | null
  /** what was wrong and what was done, in the seller's words */
  fixed: string | null
}

/** Writes the mail that asks the marketplace's partner desk to take notice of a repaired call, in Chinese and English. */
export function composePartnerMail(facts: PartnerMailFacts): PartnerMail {
  const about = facts.orderId ?? facts.instanceId ?? ''
  const activity = oneLine(facts.activity)
  return {
    to: PARTNER_ADDRESS,
    subject: oneLine(`[KooGallery] 生产接口消息 / Production interface message: ${activity} ${about}`),
    zh: write(facts, 'zh'),
    en: write(facts, 'en'),
  }
}

type Language = 'zh' | 'en'
type Line = [label: string, value: string | null]

function write(facts: PartnerMailFacts, language: Language): string {
  const words = texts[language]
  const lines: Line[] = [
    [words.product, join([facts.productName, facts.productId])],
    [words.activity, join([facts.activity, activities[facts.activity]?.[language]])],
    [words.order, join([facts.orderId])],
    [words.orderLine, join([facts.orderLineId])],
    [words.instance, join([facts.instanceId])],
    [words.first, writeTime(facts.firstAt, language)],
    [words.last, writeTime(facts.lastAt, language)],
    [words.attempts, String(facts.attempts)],
    [words.error, writeError(facts, language)],
    [words.fixedAt, facts.fixedAt && writeTime(facts.fixedAt, language)],
    [words.fixed, facts.fixed?.trim() || (facts.fixedAt ? words.fixedByDefault : words.atWork)],
  ]
  const table = lines.filter(([, value]) => value).map(([label, value]) => `${label}${words.colon}${value}`)
  const request = facts.fixedAt ? words.requestAfterFix : words.request
  return [
    words.greeting,
    '',
    facts.fixedAt ? words.introAfterFix : words.intro,
    '',
    ...table,
    '',
    request,
    '',
    words.thanks,
  ].join('\n')
}

const texts = {
  zh: {
    colon: '：',
    product: '商品',
    activity: '场景',
    order: '订单号',
    orderLine: '订单行号',
    instance: '实例 ID',
    first: '首次调用时间',
    last: '最近一次调用时间',
    attempts: '调用次数',
    error: '错误',
    fixedAt: '重放成功时间',
    fixed: '处理说明',
    fixedByDefault: '问题已修复，该消息已在我方重放成功。',
    atWork: '问题正在处理中。',
    greeting: '云商店运营团队，您好：',
    intro: '我方商品的以下生产接口消息调用失败：',
    introAfterFix: '我方商品的以下生产接口消息曾调用失败，现已修复：',
    request: '请协助保留该订单；修复后我们会再次联系您重新调用。',
    requestAfterFix: '请协助重新调用该消息，或确认订单状态正常。',
    thanks: '谢谢！',
  },
  en: {
    colon: ': ',
    product: 'Product',
    activity: 'Activity',
    order: 'Order',
    orderLine: 'Order line',
    instance: 'Instance',
    first: 'First call',
    last: 'Latest call',
    attempts: 'Calls',
    error: 'Error',
    fixedAt: 'Replayed with success',
    fixed: 'What was done',
    fixedByDefault: 'The fault is repaired and the message was replayed with success on our side.',
    atWork: 'We are working on it.',
    greeting: 'Dear KooGallery team,',
    intro: 'The following call to the production interface of our product failed:',
    introAfterFix: 'The following call to the production interface of our product had failed and is repaired now:',
    request: 'Please keep the order; we will write again to have the call repeated once this is repaired.',
    requestAfterFix: 'Please call the interface again for this message, or confirm that the order is in order.',
    thanks: 'Thank you.',
  },
} satisfies Record<Language, Record<string, string>>

const activities: Record<string, Record<Language, string>> = {
  newInstance: { zh: '新购商品', en: 'new purchase' },
  queryInstance: { zh: '查询实例', en: 'instance query' },
  refreshInstance: { zh: '更新实例（续费、转正等）', en: 'renewal' },
  updateInstanceStatus: { zh: '更新实例状态', en: 'change of status' },
  instanceStatus: { zh: '实例状态变更', en: 'change of status' },
  expireInstance: { zh: '商品过期', en: 'expiry' },
  releaseInstance: { zh: '释放实例', en: 'release' },
  upgradeInstance: { zh: '升级实例规格', en: 'upgrade' },
  upgrade: { zh: '商品升级', en: 'upgrade' },
  changeInstanceCheck: { zh: '变更前校验', en: 'check before a change' },
  orderNotify: { zh: '订单通知', en: 'order notification' },
}

const codesInChinese: Record<keyof typeof resultCodes, string> = {
  '000000': '成功',
  '000001': '鉴权失败',
  '000002': '请求参数不合法',
  '000003': '实例 ID 不存在',
  '000004': '请求处理中',
  '000005': '其他内部错误',
  '000100': '无可用实例资源分配',
  '000101': '手机号缺失或已存在',
  '000102': '邮箱缺失或已存在',
  '000103': '已购买过该商品，不能重复购买',
  '000104': '服务内部错误',
  '000105': '账号已订购该权益',
  '000106': '商品已售罄',
  '000107': '邮箱域名已存在',
  '000900': '当前订单的 License 额度已用完',
  '000901': '日期超出当前订单范围',
  '000902': '周期性 License 缺少到期时间',
  '000903': '缺少设备指纹或硬件码',
}

function writeError({ resultCode, resultMsg }: PartnerMailFacts, language: Language): string | null {
  if (!resultCode) return resultMsg && oneLine(resultMsg)
  const known = isResultCode(resultCode) ? resultCode : null
  const inWords = known && (language === 'zh' ? codesInChinese[known] : resultCodes[known].message)
  const said = resultMsg && resultMsg !== inWords ? oneLine(resultMsg) : null
  return join([resultCode, inWords, said])
}

/** `2026-03-02 11:04:05` in China, and the same moment in UTC. */
function writeTime(time: Date, language: Language): string {
  const digits = (at: number) => new Date(at).toISOString().slice(0, 19).replace('T', ' ')
  const beijing = digits(time.getTime() + 8 * 3_600_000)
  const utc = digits(time.getTime())
  return language === 'zh' ? `${beijing}（北京时间），${utc} UTC` : `${utc} UTC (${beijing} Beijing time)`
}

function join(parts: (string | null | undefined)[]): string | null {
  return parts.filter(Boolean).map(String).map(oneLine).join(' · ') || null
}

function oneLine(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
