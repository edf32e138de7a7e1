import {
  type Buyer,
  beijing14,
  DAY,
  endOfBeijingDay,
  HOUR,
  MINUTE,
  orderIdAt,
  type Random,
  randomBuyer,
  seeded,
  utc14,
} from './believable'
import { type Activity, type Fields, RETRIES, type SignedCall, signCall, type Version } from './caller'
import { buildOrder, type ChargingMode, type OrderType, type PeriodType, periodLater, type WireOrder } from './orders'
import type { SellerMode } from './webhook-seller'

/** Secrets of the invented shop. They open nothing but a desk that was set up from this file. */
export const SHOP = {
  baseKey: 'sandbox-base-key-0001',
  retiredKey: 'sandbox-base-key-0000',
  licenseKey: 'sandbox-license-key-0001',
  kitKey: 'sandbox-kit-key-0001',
  account: { accessKeyId: 'SANDBOXACCESSKEY0001', secret: 'sandbox-secret-access-key-0001' },
  webhookSecret: `whsec_${Buffer.from('sandbox-webhook-secret-00000001').toString('base64')}`,
  apiToken: `desk_sandbox${'1'.padStart(25, '0')}`,
  /** The cipher the V1 product was published with. */
  encryptType: '2',
  password: 'sandbox-demo-2026',
  users: [
    { email: 'admin@shop.example.com', role: 'admin' },
    { email: 'ops@shop.example.com', role: 'operator' },
    { email: 'viewer@shop.example.com', role: 'viewer' },
  ],
} as const

type Price = { period: { type: PeriodType; number: number } | null; yuan: string; productId: string }
type Spec = { name: string; skuCode: string; prices: Price[] }
export type ShopProduct = {
  name: string
  version: Version
  chargingMode: ChargingMode
  /** What one buys a number of. */
  unit: string
  specs: Spec[]
  timeZone: 'UTC' | 'Asia/Shanghai'
  encryptType: '1' | '2'
  delivery: Record<string, unknown> & { type: 'template' | 'pool' | 'webhook' | 'manual' }
  /** Its share of all purchases. */
  weight: number
}

const YEAR = { type: 'year', number: 1 } as const
const MONTH = { type: 'month', number: 1 } as const
const TRIAL = { type: 'day', number: 15 } as const

function specs(random: Random, plans: [name: string, ...prices: [Price['period'], yuan: string][]][]): Spec[] {
  return plans.map(([name, ...prices]) => ({
    name,
    skuCode: random.uuid(),
    prices: prices.map(([period, yuan]) => ({ period, yuan, productId: `OFFI${random.text(18, '0123456789')}` })),
  }))
}

/** What the shop sells; `sellerUrl` is where its own software takes delivery webhooks. */
export function shopProducts(sellerUrl: string): ShopProduct[] {
  const random = seeded(2026)
  const common = { version: 'v2', chargingMode: 'PERIOD', timeZone: 'UTC', encryptType: '1', unit: '用户数' } as const
  return [
    {
      ...common,
      name: '云枢协同办公平台',
      specs: specs(random, [
        ['标准版', [MONTH, '298.00'], [YEAR, '2980.00']],
        ['旗舰版', [YEAR, '8800.00']],
      ]),
      delivery: {
        type: 'template',
        frontEndUrl: 'https://office.example.com/t/{instanceId}',
        adminUrl: 'https://office.example.com/admin',
        userName: 'admin',
        password: 'generate',
        memo: '首次登录请修改初始密码,服务热线 400-000-0000',
      },
      weight: 34,
    },
    {
      ...common,
      name: '智签电子合同',
      version: 'v1',
      timeZone: 'Asia/Shanghai',
      encryptType: SHOP.encryptType,
      unit: '合同份数',
      specs: specs(random, [['企业版', [YEAR, '3600.00']]]),
      delivery: {
        type: 'template',
        frontEndUrl: 'https://sign.example.com/?tenant={instanceId}',
        userName: 'admin-{customerId}',
        password: 'generate',
      },
      weight: 22,
    },
    {
      ...common,
      name: '星图数据看板',
      specs: specs(random, [['专业版', [MONTH, '499.00'], [YEAR, '4990.00']]]),
      delivery: { type: 'pool' },
      weight: 14,
    },
    {
      ...common,
      name: '快邮企业邮箱',
      specs: specs(random, [['基础版', [YEAR, '1200.00']]]),
      delivery: { type: 'webhook', url: `${sellerUrl}/koogallery`, secret: SHOP.webhookSecret, timeoutSeconds: 4 },
      weight: 14,
    },
    {
      ...common,
      name: '磐石 ERP 实施服务',
      chargingMode: 'ONE_TIME',
      unit: '人天',
      specs: specs(random, [['标准实施', [null, '58000.00']]]),
      delivery: { type: 'manual' },
      weight: 4,
    },
    {
      ...common,
      name: '通达短信平台',
      chargingMode: 'ON_DEMAND',
      unit: '短信条数',
      specs: specs(random, [['按需计费', [null, '0.00']]]),
      delivery: {
        type: 'template',
        frontEndUrl: 'https://sms.example.com/{customerId}',
        userName: '{customerName}',
        password: 'generate',
      },
      weight: 12,
    },
  ]
}

/** The document for `desk setup apply`. Same input, same document. */
export function shopSetup(sellerUrl: string) {
  const products = shopProducts(sellerUrl)
  return {
    credentials: [
      { name: '基础接口密钥', kind: 'base', secret: SHOP.baseKey },
      { name: '开放接口 AK/SK', kind: 'ak-sk', ...SHOP.account },
    ],
    products: products.map((product) => ({
      name: product.name,
      productIds: product.specs.flatMap((spec) => spec.prices.map((price) => price.productId)),
      skuCodes: product.specs.map((spec) => spec.skuCode),
      kind: 'saas',
      delivery: product.delivery,
      timeZone: product.timeZone,
      encryptType: product.encryptType,
    })),
    defaultProduct: products[0]?.name,
    users: SHOP.users.map((user) => ({ ...user, password: SHOP.password })),
    apiTokens: [{ name: '演示', token: SHOP.apiToken, role: 'admin' }],
  }
}

/** A CSV of accounts for the product that is delivered from a pool. */
export function poolCsv(accounts: number): string {
  const random = seeded(7)
  const rows = Array.from({ length: accounts }, (_, index) => {
    const tenant = `xt${String(index + 1).padStart(4, '0')}`
    return `https://board.example.com/${tenant},https://board.example.com/${tenant}/admin,${tenant},${random.text(12, 'abcdefghkmnpqrstuvwxyzABCDEFGHKMNPQRSTUVWXYZ23456789')},看板空间 ${tenant}`
  })
  return `frontEndUrl,adminUrl,userName,password,memo\n${rows.join('\n')}\n`
}

/** One call of the marketplace to come, before it is signed. */
export type ShopCall = {
  at: Date
  version: Version
  activity: Activity
  fields: Fields
  /** The order that bought the instance this call is about; whoever plays the call fills its instance id in. */
  about: string | null
  /** What the order query must be able to tell from then on. */
  order: WireOrder | null
  /** Signed with a key the desk does not know (any more). */
  wrongKey: boolean
}

export type History = {
  /** In order of time. */
  calls: ShopCall[]
  /** How the seller's software treats these orders; all others well. */
  sellerModes: Map<string, SellerMode>
  /** Accounts to import so that the pool runs dry a few purchases before the end. */
  poolAccounts: number
}

type Sale = {
  product: ShopProduct
  spec: Spec
  price: Price
  buyer: Buyer
  quantity: number
  orderId: string
  at: Date
  random: Random
}

function sell(product: ShopProduct, at: Date, random: Random): Sale {
  const spec = random.pick(product.specs)
  const quantity = random.pick([5, 10, 10, 20, 50, 100])
  const price = random.pick(spec.prices)
  return { product, spec, price, quantity, buyer: randomBuyer(random), orderId: orderIdAt(at, random), at, random }
}

const pickProduct = (products: ShopProduct[], random: Random) =>
  random.pick(products.flatMap((product) => Array<ShopProduct>(product.weight).fill(product)))

const writeTime = (product: ShopProduct) => (product.timeZone === 'UTC' ? utc14 : beijing14)

type OrderChange = { orderId: string; at: Date; expiresAt?: Date | undefined; yuan?: string; trial?: boolean }

function orderFor(sale: Sale, orderType: OrderType, change: OrderChange): WireOrder {
  const { product, spec, price, quantity, buyer } = sale
  const period = change.trial ? TRIAL : price.period
  return buildOrder({
    orderId: change.orderId,
    orderType,
    at: change.at,
    chargingMode: product.chargingMode,
    product: {
      productId: price.productId,
      skuCode: spec.skuCode,
      productName: `${product.name},${spec.name},${product.unit}:${quantity}`,
      quantity,
    },
    buyer,
    amount: change.yuan ?? (change.trial ? '0.00' : price.yuan),
    ...(period && { period }),
    ...(change.expiresAt && { expiresAt: change.expiresAt }),
    writeTime: writeTime(product),
  })
}

function call(sale: Sale, at: Date, activity: Activity, fields: Fields, order: WireOrder | null = null): ShopCall {
  const about = activity === 'newInstance' || activity === 'orderNotify' ? null : sale.orderId
  return { at, version: sale.product.version, activity, fields, about, order, wrongKey: false }
}

/** The call that opens a sale. A V1 call carries what a V2 seller asks the order query for. */
function opening(sale: Sale, expiresAt: Date | undefined, trial: boolean): ShopCall {
  const { product, spec, price, buyer, quantity, orderId, at, random } = sale
  const order = orderFor(sale, trial ? 'TRIAL' : 'NEW', { orderId, at, expiresAt, trial })
  const businessId = random.uuid()
  if (product.version === 'v2') return call(sale, at, 'newInstance', { orderId, businessId }, order)
  const period = trial ? TRIAL : price.period
  const fields: Fields = {
    orderId,
    businessId,
    customerId: buyer.customerId,
    customerName: buyer.customerName,
    mobilePhone: buyer.mobilePhone,
    email: buyer.email,
    productId: price.productId,
    skuCode: spec.skuCode,
    chargingMode: 1,
    periodType: period?.type,
    periodNumber: period?.number,
    orderAmount: trial ? '0' : price.yuan,
    amount: quantity,
    trialFlag: trial ? '1' : undefined,
    expireTime: expiresAt && writeTime(product)(expiresAt),
    saasExtendParams: [{ name: 'emailDomainName', value: buyer.email?.split('@')[1] ?? '' }],
  }
  return call(sale, at, 'newInstance', fields, order)
}

type Scene = 'TRIAL_TO_FORMAL' | 'RENEWAL' | 'UNSUBSCRIBE_RENEWAL_PERIOD' | 'RENEWAL_CHANGE'
const ORDER_OF_SCENE: Record<Scene, OrderType> = {
  TRIAL_TO_FORMAL: 'TRIAL_TO_FORMAL',
  RENEWAL: 'RENEW',
  UNSUBSCRIBE_RENEWAL_PERIOD: 'UNSUBSCRIBE',
  RENEWAL_CHANGE: 'CHANGE',
}

function refresh(sale: Sale, at: Date, scene: Scene, expiresAt: Date, orderId = orderIdAt(at, sale.random)): ShopCall {
  const { product, price } = sale
  const refund = scene === 'UNSUBSCRIBE_RENEWAL_PERIOD'
  const yuan = refund ? `-${price.yuan}` : price.yuan
  const order = orderFor(sale, ORDER_OF_SCENE[scene], { orderId, at, expiresAt, yuan })
  const expireTime = writeTime(product)(expiresAt)
  if (product.version === 'v2') return call(sale, at, 'refreshInstance', { scene, orderId, expireTime }, order)
  const fields: Fields = {
    orderId,
    expireTime,
    trialToFormal: scene === 'TRIAL_TO_FORMAL' ? '1' : undefined,
    periodType: price.period?.type,
    periodNumber: price.period?.number,
    orderAmount: yuan,
  }
  return call(sale, at, 'refreshInstance', fields, order)
}

function upgrade(sale: Sale, at: Date, expiresAt: Date): ShopCall {
  const orderId = orderIdAt(at, sale.random)
  const bigger: Sale = { ...sale, quantity: sale.quantity * 2 }
  const order = orderFor(bigger, 'CHANGE', { orderId, at, expiresAt })
  if (sale.product.version === 'v2') return call(sale, at, 'upgradeInstance', { orderId }, order)
  const { productId } = sale.price
  return call(sale, at, 'upgrade', { orderId, productId, skuCode: sale.spec.skuCode, amount: bigger.quantity }, order)
}

function freeze(sale: Sale, at: Date): ShopCall {
  if (sale.product.version === 'v1') return call(sale, at, 'expireInstance', { orderId: sale.orderId })
  return call(sale, at, 'updateInstanceStatus', { status: 'FREEZE' })
}

const unfreeze = (sale: Sale, at: Date) => call(sale, at, 'updateInstanceStatus', { status: 'UNFREEZE' })

function release(sale: Sale, at: Date, unsubscribed: boolean): ShopCall {
  const orderId = unsubscribed ? orderIdAt(at, sale.random) : undefined
  const order = orderId ? orderFor(sale, 'UNSUBSCRIBE', { orderId, at, yuan: `-${sale.price.yuan}` }) : null
  const named = sale.product.version === 'v1' ? sale.orderId : orderId
  return call(sale, at, 'releaseInstance', { orderId: named }, order)
}

const later = (at: Date, ms: number) => new Date(at.getTime() + ms)

/** Everything the marketplace would call about one sale, without an end date. */
function lifeOf(sale: Sale, until: Date): ShopCall[] {
  const { product, price, random, at } = sale
  const calls: ShopCall[] = []
  const isV2 = product.version === 'v2'
  const trial = price.period !== null && random.chance(0.18)
  let expiresAt = price.period ? periodLater(at, trial ? TRIAL : price.period) : undefined

  if (isV2 && random.chance(0.12)) calls.push(call(sale, later(at, -MINUTE), 'orderNotify', { orderId: sale.orderId }))
  calls.push(opening(sale, expiresAt, trial))
  if (isV2) calls.push(call(sale, later(at, MINUTE), 'queryInstance', {}))
  if (random.chance(0.3)) calls.push(call(sale, later(at, random.int(1, 20) * DAY), 'queryInstance', {}))
  if (random.chance(0.04)) return [...calls, release(sale, later(at, random.int(1, 5) * DAY), true)]

  if (!expiresAt || !price.period) {
    for (let when = at; product.chargingMode === 'ON_DEMAND'; ) {
      when = later(when, random.int(20, 160) * DAY)
      if (when > until) break
      calls.push(freeze(sale, when), unfreeze(sale, later(when, random.int(1, 6) * DAY)))
    }
    return calls
  }

  if (!trial && random.chance(0.12)) {
    const upgradedAt = later(at, random.next() * 0.7 * (expiresAt.getTime() - at.getTime()))
    calls.push(upgrade(sale, upgradedAt, expiresAt))
    sale.quantity *= 2
  }

  for (let first = true; ; first = false) {
    const converting = first && trial
    const before = later(expiresAt, -random.int(6, converting ? 96 : 220) * HOUR)
    if (before > until) return calls
    const next = periodLater(expiresAt, price.period)
    if (random.chance(converting ? 0.6 : 0.82)) {
      if (isV2 && !converting && random.chance(0.08)) {
        const wanted = { productId: price.productId, skuCode: sale.spec.skuCode, linearValue: sale.quantity * 2 }
        calls.push(call(sale, later(before, -3 * MINUTE), 'changeInstanceCheck', { productInfo: wanted }))
        sale.quantity *= 2
        calls.push(refresh(sale, before, 'RENEWAL_CHANGE', next))
      } else {
        const renewal = refresh(sale, before, converting ? 'TRIAL_TO_FORMAL' : 'RENEWAL', next)
        calls.push(renewal)
        if (!converting && random.chance(0.05)) {
          // The marketplace names the renewal order itself when it is given back (saas-v2.md §4.3).
          const orderId = String(renewal.fields.orderId)
          calls.push(refresh(sale, later(before, 5 * HOUR), 'UNSUBSCRIBE_RENEWAL_PERIOD', expiresAt, orderId))
          calls.push(freeze(sale, later(expiresAt, 2 * MINUTE)), release(sale, later(expiresAt, 15 * DAY), false))
          return calls
        }
      }
      expiresAt = next
      continue
    }
    calls.push(freeze(sale, later(expiresAt, 2 * MINUTE)))
    if (!random.chance(0.35)) return [...calls, release(sale, later(expiresAt, 15 * DAY), false)]
    const regretted = later(expiresAt, random.int(3, 10) * DAY)
    calls.push(refresh(sale, regretted, 'RENEWAL', next))
    if (isV2) calls.push(unfreeze(sale, later(regretted, MINUTE)))
    expiresAt = next
  }
}

/** A moment of the year before `until`, likelier late than early, in Beijing's working hours. */
function businessMoment(until: Date, random: Random): Date {
  const back = (1 - Math.sqrt(random.next())) * 365
  const day = endOfBeijingDay(later(until, -back * DAY))
  const hour = random.pick([9, 9, 10, 10, 10, 11, 11, 13, 14, 14, 15, 15, 16, 17, 19, 21])
  return later(day, -(24 - hour) * HOUR + random.int(1, 3_599_999))
}

/**
 * A year of the shop up to `until`, the same for the same arguments: purchases with everything that follows from them, the
 * daily probes of the last days, and calls of every kind that must fail.
 */
export function shopHistory({
  until,
  sellerUrl,
  purchases = 320,
  seed = 1,
}: {
  until: Date
  sellerUrl: string
  purchases?: number
  seed?: number
}): History {
  const random = seeded(seed)
  const products = shopProducts(sellerUrl)
  const sales = Array.from({ length: purchases }, () => {
    const at = businessMoment(until, random)
    return sell(pickProduct(products, random), at < until ? at : later(at, -DAY), random)
  })
  const calls = sales.flatMap((sale) => lifeOf(sale, until))

  const sold = (type: ShopProduct['delivery']['type']) =>
    sales.filter((sale) => sale.product.delivery.type === type).sort((a, b) => b.at.getTime() - a.at.getTime())
  const troubles: SellerMode[] = ['error', 'later', 'refuse', 'garbage', 'error']
  const sellerModes = new Map(
    sold('webhook')
      .slice(0, troubles.length)
      .map((sale, at) => [sale.orderId, troubles[at] ?? 'ok']),
  )

  // Orders the marketplace does not tell this seller: their delivery cannot know the customer.
  for (const sale of sales.filter((one) => one.product.chargingMode === 'ON_DEMAND').slice(0, 2)) {
    for (const one of calls) if (one.fields.orderId === sale.orderId) one.order = null
  }

  calls.push(...probes(until, random), ...mishaps(sales, until, random))
  calls.sort((a, b) => a.at.getTime() - b.at.getTime())
  return {
    calls: calls.filter((one) => one.at < until),
    sellerModes,
    poolAccounts: Math.max(1, sold('pool').length - 4),
  }
}

/** The saved debug case, replayed every morning and afternoon (saas-v2.md §1.3). */
function probes(until: Date, random: Random): ShopCall[] {
  const orderId = 'MOCKPERIODYEARNEW'
  return [0, 1, 2, 3, 4, 5].flatMap((daysBack) =>
    [9.5, 15.5].flatMap((hour) => {
      const at = later(endOfBeijingDay(until), -daysBack * DAY - (24 - hour) * HOUR)
      const fields = { orderId, businessId: random.uuid(), testFlag: '1' }
      const common = { version: 'v2', order: null, wrongKey: false } as const
      return [
        { ...common, at, activity: 'newInstance', fields, about: null },
        { ...common, at: later(at, MINUTE), activity: 'queryInstance', fields: { testFlag: '1' }, about: orderId },
      ] satisfies ShopCall[]
    }),
  )
}

/** Calls that cannot succeed: a retired key, fields that make no sense, instances nobody has. */
function mishaps(sales: Sale[], until: Date, random: Random): ShopCall[] {
  const modern = sales.filter((sale) => sale.product.version === 'v2').map((sale) => sale.product)
  const sale = () => sell(random.pick(modern), later(until, -random.int(2, 480) * HOUR), random)
  const stray = (activity: Activity, fields: Fields, version: Version = 'v2'): ShopCall => {
    const { orderId, at } = sale()
    return { at, version, activity, fields: { orderId, ...fields }, about: null, order: null, wrongKey: false }
  }
  const unknown = { instanceId: random.uuid() }
  return [
    { ...opening(sale(), undefined, false), wrongKey: true },
    stray('newInstance', { orderLineId: '' }),
    stray('refreshInstance', { scene: 'RENEWAL', expireTime: '20260231155959' }),
    stray('refreshInstance', { ...unknown, scene: 'RENEW' }),
    stray('updateInstanceStatus', { ...unknown, status: 'FREEZE' }),
    stray('releaseInstance', unknown),
    stray('expireInstance', unknown, 'v1'),
  ]
}

/**
 * Plays calls in order of time, each failing one again as often as the marketplace repeats it before `until`. `send` gets the
 * call signed as of its own time, and tells the answer. What is about a purchase that never came to be is left out.
 */
export async function play(
  calls: readonly ShopCall[],
  {
    target,
    until,
    send,
  }: {
    target: string
    until: Date
    send(signed: SignedCall, call: ShopCall): Promise<{ resultCode: string | null; instanceId: string | null }>
  },
): Promise<{ sent: number; failed: number }> {
  const random = seeded(3)
  const queue = [...calls].sort((a, b) => a.at.getTime() - b.at.getTime())
  const instances = new Map<string, string>()
  const startedAt = new Map<ShopCall['fields'], Date>()
  let sent = 0
  let failed = 0
  for (let next = queue.shift(); next; next = queue.shift()) {
    const instanceId = next.about ? instances.get(next.about) : undefined
    if (next.about && !instanceId) continue
    const fields = instanceId ? { ...next.fields, instanceId } : next.fields
    const key = next.wrongKey ? SHOP.retiredKey : SHOP.baseKey
    const signed = signCall({ ...next, target, key, fields, random, encryptType: SHOP.encryptType })
    const answer = await send(signed, next)
    sent++
    const good = answer.resultCode === '000000' || (next.activity === 'newInstance' && answer.resultCode === '000004')
    if (good && next.activity === 'newInstance' && answer.instanceId) {
      instances.set(String(next.fields.orderId), answer.instanceId)
    }
    if (good) continue
    failed++
    const retry = RETRIES[next.version][next.activity]
    const first = startedAt.get(next.fields) ?? next.at
    const again = retry && later(next.at, retry.every * MINUTE)
    if (!again || again > until || again > later(first, retry.during * MINUTE)) continue
    const repeated = { ...next, at: again }
    if (next.activity === 'newInstance') repeated.fields = { ...next.fields, businessId: random.uuid() }
    startedAt.set(repeated.fields, first)
    const place = queue.findIndex((one) => one.at > again)
    queue.splice(place < 0 ? queue.length : place, 0, repeated)
  }
  return { sent, failed }
}

/** An instance the desk has, as far as a live call needs it. */
export type LiveInstance = { instanceId: string; productId: string | null; expiresAt: Date | null }

/** What the marketplace might call at `now`: mostly purchases, renewals and questions, now and then something that fails. */
export function liveCall(now: Date, instances: readonly LiveInstance[], sellerUrl: string, random: Random): ShopCall {
  const products = shopProducts(sellerUrl)
  const sale = sell(pickProduct(products, random), now, random)
  const expiresAt = sale.price.period ? periodLater(now, sale.price.period) : undefined
  const chosen = instances.length > 0 ? random.pick(instances) : undefined
  if (!chosen || random.chance(0.45)) return { ...opening(sale, expiresAt, false), wrongKey: random.chance(0.03) }

  const product = products.find((one) =>
    one.specs.some((spec) => spec.prices.some((price) => price.productId === chosen.productId)),
  )
  const about: Sale = { ...sell(product ?? sale.product, now, random), at: now }
  const { instanceId } = chosen
  const of = (one: ShopCall): ShopCall => ({ ...one, about: null, fields: { ...one.fields, instanceId } })
  const from = chosen.expiresAt && chosen.expiresAt > now ? chosen.expiresAt : now
  return random.pick([
    () => of(call(about, now, 'queryInstance', {})),
    () => of(call(about, now, 'queryInstance', {})),
    () => of(refresh(about, now, 'RENEWAL', periodLater(from, about.price.period ?? YEAR))),
    () => of(refresh(about, now, 'RENEWAL', periodLater(from, about.price.period ?? YEAR))),
    () => of(upgrade(about, now, from)),
    () => of(freeze(about, now)),
    () => ({ ...of(release(about, now, false)), fields: { instanceId: random.uuid(), orderId: about.orderId } }),
    () =>
      of(call(about, now, 'refreshInstance', { orderId: about.orderId, scene: 'RENEWAL', expireTime: '2026-13-01' })),
  ])()
}
