/** What is recognised in the files staff export under 交易明细管理 and 账单管理; their exact columns are not documented. */
const names = {
  orderId: ['订单号', '订单编号', '订单id', '云商店订单号', 'orderid', 'orderno', 'ordernumber', 'order'],
  orderLineId: ['订单行号', '订单行id', '订单行', '子订单号', 'orderlineid', 'orderline', 'orderlineno', 'suborderid'],
  instanceId: ['实例id', '实例号', '实例编号', '资源id', 'instanceid', 'resourceid'],
  orderType: ['订单类型', '交易类型', 'ordertype', 'transactiontype', 'type'],
  productName: ['商品名称', '产品名称', '商品', '产品', 'productname', 'product', 'offeringname'],
  productId: ['商品id', '产品id', '商品编码', '产品编码', 'productid', 'offeringid'],
  skuCode: ['规格编码', '规格id', 'sku编码', 'skucode', 'sku', 'skuid'],
  customerName: [
    ...['客户账号', '客户名称', '客户账户', '客户账号名', '客户', '购买账号'],
    ...['customeraccount', 'customername', 'customer', 'accountname', 'customeraccountname'],
  ],
  customerId: ['客户id', '客户账号id', '账号id', 'customerid', 'domainid', 'customeraccountid'],
  chargingMode: ['计费模式', '计费类型', '计费方式', '付费方式', 'billingmode', 'chargingmode', 'chargemode'],
  quantity: ['数量', '购买数量', '商品数量', 'quantity', 'qty'],
  createdAt: [
    ...['下单时间', '创建时间', '订单创建时间', '交易时间', '订单时间', '购买时间'],
    ...['ordertime', 'creationtime', 'createdat', 'created', 'createtime', 'transactiontime', 'orderedon'],
  ],
  amount: ['订单金额', '原价', '订单原价', '官网价', '目录价', 'orderamount', 'originalamount', 'listprice', 'amount'],
  amountAfterDiscount: [
    ...['实付金额', '实际支付金额', '优惠后金额', '折后金额', '成交金额', '成交价', '应付金额', '订单实付金额'],
    ...['amountpaid', 'paidamount', 'actualpayment', 'actualamount', 'amountafterdiscount', 'discountedamount'],
  ],
  billPeriod: ['账期', '归属账期', '账单账期', 'billingcycle', 'billperiod', 'billingperiod', 'period'],
  billState: ['账单状态', 'billstatus', 'billingstatus', 'billstate'],
  repayment: ['客户还款状态', '还款状态', 'repaymentstatus', 'customerrepaymentstatus'],
  supervision: ['服务监管状态', '监管状态', 'supervisionstatus', 'servicesupervisionstatus', 'servicesupervision'],
  feeRate: ['运营管理费比例', '运营管理费率', '平台服务费比例', 'operationfeerate', 'managementfeerate', 'feerate'],
  income: [
    '产品销售收入',
    '结算金额',
    '应结算金额',
    '商家收入',
    '销售收入',
    'settlementamount',
    'income',
    'salesincome',
  ],
} as const

export type ImportField = keyof typeof names
export const importFields = Object.keys(names) as ImportField[]

const byName = new Map<string, ImportField>(
  importFields.flatMap((field) => names[field].map((name) => [name, field] as const)),
)

/** Without blanks, punctuation, case and what stands in brackets: "订单金额(元)" and "Order No." are told by their words. */
function plain(heading: string): string {
  return heading
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[([【{].*?[)\]】}]/g, '')
    .replace(/[^\p{L}\p{N}]/gu, '')
}

export type Layout = {
  /** where each recognised field stands, and under which heading */
  columns: Partial<Record<ImportField, { at: number; heading: string }>>
  ignored: string[]
}

/** Recognises the columns of a heading row, in any order and language; of two that mean the same the first counts. */
export function readLayout(header: string[]): Layout {
  const columns: Layout['columns'] = {}
  const ignored: string[] = []
  header.forEach((heading, at) => {
    const field = byName.get(plain(heading))
    if (field && !columns[field]) columns[field] = { at, heading }
    else if (heading !== '') ignored.push(heading)
  })
  return { columns, ignored }
}

const orderTypeWords: Record<string, string> = {
  ...{ 新购: 'NEW', 新订: 'NEW', 开通: 'NEW', 购买: 'NEW', new: 'NEW', newpurchase: 'NEW', purchase: 'NEW' },
  ...{ 试用: 'TRIAL', trial: 'TRIAL', freetrial: 'TRIAL' },
  ...{ 试用转正: 'TRIAL_TO_FORMAL', 转正: 'TRIAL_TO_FORMAL', trialtoformal: 'TRIAL_TO_FORMAL' },
  ...{
    退订: 'UNSUBSCRIBE',
    退款: 'UNSUBSCRIBE',
    unsubscribe: 'UNSUBSCRIBE',
    unsubscription: 'UNSUBSCRIBE',
    refund: 'UNSUBSCRIBE',
  },
  ...{ 续费: 'RENEW', 续订: 'RENEW', renew: 'RENEW', renewal: 'RENEW' },
  ...{ 变更: 'CHANGE', 升级: 'CHANGE', 变更升级: 'CHANGE', change: 'CHANGE', upgrade: 'CHANGE' },
}
const chargingModeWords: Record<string, string> = {
  ...{ 包周期: 'PERIOD', 包年包月: 'PERIOD', '包年/包月': 'PERIOD', 包月: 'PERIOD', 包年: 'PERIOD' },
  ...{ period: 'PERIOD', yearlymonthly: 'PERIOD', subscription: 'PERIOD' },
  ...{ 按次: 'ONE_TIME', 一次性: 'ONE_TIME', onetime: 'ONE_TIME' },
  ...{ 按需: 'ON_DEMAND', 按量: 'ON_DEMAND', 按需计费: 'ON_DEMAND', ondemand: 'ON_DEMAND', payperuse: 'ON_DEMAND' },
  ...{ 按需套餐包: 'ON_DEMAND_PKG', 套餐包: 'ON_DEMAND_PKG', ondemandpkg: 'ON_DEMAND_PKG', package: 'ON_DEMAND_PKG' },
}
const supervisionWords: Record<string, string> = {
  ...{ 不涉及: 'not-applicable', notapplicable: 'not-applicable', notinvolved: 'not-applicable' },
  ...{ 已完成: 'completed', completed: 'completed' },
  ...{ 用户确认验收: 'buyer-accepts', 待验收: 'buyer-accepts', 提交需求: 'buyer-submits', 确认需求: 'seller-confirms' },
  ...{ 用户领取授权码: 'code-to-collect', 授权码激活: 'code-to-activate', 商家上传交付证明: 'proof-to-upload' },
  ...{ 华为云复核: 'marketplace-reviews', 申诉: 'appealed', 申诉中: 'appealed' },
}

/** A word of the console as the desk says it; null for one nobody knows. */
export function inOurWords(field: 'orderType' | 'chargingMode' | 'supervision', value: string): string | null {
  const table = { orderType: orderTypeWords, chargingMode: chargingModeWords, supervision: supervisionWords }[field]
  const word = plain(value)
  return Object.hasOwn(table, word) ? (table[word] ?? null) : null
}

/** "¥ 1,234.50", "1234.5 CNY", "(12.00)" as a plain decimal; null when it is none. */
export function readAmount(text: string): string | null {
  const bare = text.normalize('NFKC').replace(/[\s,¥￥元]|cny|rmb|usd|eur/gi, '')
  const [, open, sign = '', digits] = /^(\()?([+-]?)(\d+(?:\.\d+)?)\)?$/.exec(bare) ?? []
  if (digits === undefined) return null
  return open || sign === '-' ? `-${digits}` : digits
}

/** Whether two decimal texts are the same number. */
export function sameAmount(a: string, b: string): boolean {
  const bare = (text: string) => {
    const [, sign = '', whole = '', fraction = ''] = /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text.trim()) ?? []
    const digits = `${whole || '0'}.${fraction}`
    return digits === '0.' ? digits : `${sign === '-' ? '-' : ''}${digits}`
  }
  return bare(a) === bare(b)
}

/** A time of the console, which shows Beijing time: "2026-11-21 14:05[:33]", "2026/11/21", "20261121140533", ISO with a zone. */
export function readConsoleTime(text: string): Date | null {
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) && /\d[T ]\d/.test(text)
  if (zoned) {
    const at = new Date(text.replace(' ', 'T'))
    return Number.isNaN(at.getTime()) ? null : at
  }
  const parts =
    /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?$/.exec(text) ??
    /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d))?$/.exec(text)
  if (!parts) return null
  const [year, month, day, hour = '0', minute = '0', second = '0'] = parts.slice(1)
  const two = (part: string | undefined) => (part ?? '0').padStart(2, '0')
  const local = `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`
  const at = new Date(`${local}+08:00`)
  const same = !Number.isNaN(at.getTime()) && new Date(at.getTime() + 8 * 3_600_000).toISOString().startsWith(local)
  return same ? at : null
}
