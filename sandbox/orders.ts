import { type Buyer, beijing14, DAY, endOfBeijingDay, HOUR, randomBuyer, seeded, utc14 } from './believable'

export type OrderType = 'NEW' | 'TRIAL' | 'TRIAL_TO_FORMAL' | 'UNSUBSCRIBE' | 'RENEW' | 'CHANGE'
export type ChargingMode = 'PERIOD' | 'ONE_TIME' | 'ON_DEMAND' | 'ON_DEMAND_PKG'
export type PeriodType = 'year' | 'month' | 'day'
export type NamedValue = { name: string; value: string }

/** One order exactly as the order query answers it. */
export type WireOrder = {
  orderId: string
  orderType: OrderType
  createTime: string
  orderLine: {
    orderLineId: string
    chargingMode: ChargingMode
    periodType?: PeriodType
    periodNumber?: number
    expireTime?: string
    productInfo: { productId: string; skuCode: string; linearValue?: number; productName: string }[]
    extendParams: NamedValue[]
    currency: string
    currencyAfterDiscount: string
  }[]
  buyerInfo: Buyer
  extendParams: NamedValue[]
}

export type OrderFacts = {
  orderId: string
  orderType: OrderType
  at: Date
  chargingMode: ChargingMode
  period?: { type: PeriodType; number: number }
  expiresAt?: Date
  product: { productId: string; skuCode: string; productName: string; quantity?: number }
  buyer: Buyer
  /** Yuan, as a decimal string. */
  amount: string
  extendParams?: NamedValue[]
  /** UTC like the order printed in the documents; the live mock orders look like Beijing time (open-api.md §1.4). */
  writeTime?: (at: Date) => string
}

/** The line id of a single-line order. */
export const lineOf = (orderId: string) => `${orderId}-000001`

export function buildOrder(facts: OrderFacts): WireOrder {
  const write = facts.writeTime ?? utc14
  const { quantity, ...product } = facts.product
  return {
    orderId: facts.orderId,
    orderType: facts.orderType,
    createTime: write(facts.at),
    orderLine: [
      {
        orderLineId: lineOf(facts.orderId),
        chargingMode: facts.chargingMode,
        ...(facts.period && { periodType: facts.period.type, periodNumber: facts.period.number }),
        ...(facts.expiresAt && { expireTime: write(facts.expiresAt) }),
        productInfo: [{ ...product, ...(quantity !== undefined && { linearValue: quantity }) }],
        extendParams: facts.extendParams ?? [],
        currency: facts.amount,
        currencyAfterDiscount: facts.amount,
      },
    ],
    buyerInfo: facts.buyer,
    extendParams: [],
  }
}

/** A period later, at the end of that day in Beijing. */
export function periodLater(from: Date, { type, number }: { type: PeriodType; number: number }): Date {
  const later = new Date(from)
  if (type === 'day') return endOfBeijingDay(new Date(from.getTime() + number * DAY))
  const months = type === 'year' ? 12 * number : number
  const day = later.getUTCDate()
  later.setUTCDate(1)
  later.setUTCMonth(later.getUTCMonth() + months)
  const lastDay = new Date(Date.UTC(later.getUTCFullYear(), later.getUTCMonth() + 1, 0)).getUTCDate()
  later.setUTCDate(Math.min(day, lastDay))
  return endOfBeijingDay(later)
}

const YEAR = { type: 'year', number: 1 } as const
const MONTH = { type: 'month', number: 1 } as const

type MockOrder = Pick<OrderFacts, 'orderId' | 'orderType' | 'chargingMode' | 'period' | 'amount'>

const MOCKS: MockOrder[] = [
  { orderId: 'MOCKPERIODYEARNEW', orderType: 'NEW', chargingMode: 'PERIOD', period: YEAR, amount: '100' },
  { orderId: 'MOCKONETIMENEW', orderType: 'NEW', chargingMode: 'ONE_TIME', amount: '100' },
  { orderId: 'MOCKONDEMAND', orderType: 'NEW', chargingMode: 'ON_DEMAND', amount: '0' },
  { orderId: 'MOCKONDEMANDPKG', orderType: 'NEW', chargingMode: 'ON_DEMAND_PKG', period: YEAR, amount: '100' },
  {
    orderId: 'MOCKPERIODDAYTRIAL',
    orderType: 'TRIAL',
    chargingMode: 'PERIOD',
    period: { type: 'day', number: 15 },
    amount: '0',
  },
  {
    orderId: 'MOCKMONTYTRIALTOFORMAL',
    orderType: 'TRIAL_TO_FORMAL',
    chargingMode: 'PERIOD',
    period: MONTH,
    amount: '10',
  },
  { orderId: 'MOCKMONTYUNSUBSCRIBE', orderType: 'UNSUBSCRIBE', chargingMode: 'PERIOD', period: MONTH, amount: '-10' },
  { orderId: 'MOCKMONTYRENEW', orderType: 'RENEW', chargingMode: 'PERIOD', period: MONTH, amount: '10' },
  { orderId: 'MOCKMONTYCHANGE', orderType: 'CHANGE', chargingMode: 'PERIOD', period: MONTH, amount: '15' },
]

/** The nine orders the marketplace keeps for integration tests (open-api.md §1.2), dated from `now`. */
export function mockOrders(now: Date): WireOrder[] {
  const random = seeded(9)
  const buyer = { ...randomBuyer(random), email: null }
  const at = new Date(now.getTime() - HOUR)
  return MOCKS.map((mock) =>
    buildOrder({
      ...mock,
      at,
      expiresAt: mock.period && periodLater(at, mock.period),
      product: {
        productId: `OFFI${random.text(18, '0123456789')}`,
        skuCode: random.uuid(),
        productName: '联调测试商品,标准版,用户数:50个',
        quantity: 50,
      },
      buyer,
      extendParams: [
        { name: 'emailDomainName', value: 'test.example.com' },
        { name: 'ip', value: '192.0.2.10' },
      ],
      writeTime: beijing14,
    }),
  )
}
