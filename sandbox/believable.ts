import { createHash, randomInt } from 'node:crypto'

/** Pseudo-random numbers that come out the same for the same seed (mulberry32). */
export type Random = {
  /** 0 ≤ n < 1 */
  next(): number
  /** Whole number, both ends included. */
  int(least: number, most: number): number
  pick<T>(list: readonly T[]): T
  chance(probability: number): boolean
  /** `length` characters out of `alphabet`. */
  text(length: number, alphabet: string): string
  uuid(): string
}

export function seeded(seed: number): Random {
  let state = seed >>> 0
  function next() {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  const text = (length: number, alphabet: string) =>
    Array.from({ length }, () => alphabet[int(0, alphabet.length - 1)]).join('')
  return {
    next,
    int,
    text,
    pick: <T>(list: readonly T[]) => list[int(0, list.length - 1)] as T,
    chance: (probability) => next() < probability,
    uuid: () => `${text(8, HEX)}-${text(4, HEX)}-4${text(3, HEX)}-${text(1, '89ab')}${text(3, HEX)}-${text(12, HEX)}`,
  }
}

/** A `Random` nobody can foretell, for calls fired one by one. */
export const unseeded = (): Random => seeded(randomInt(2 ** 32))

const HEX = '0123456789abcdef'
const CAPITALS_AND_DIGITS = 'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** `yyyyMMddHHmmssSSS` in UTC. */
export const utc17 = (at: Date) => at.toISOString().replace(/\D/g, '').slice(0, 17)
/** `yyyyMMddHHmmss` in UTC. */
export const utc14 = (at: Date) => utc17(at).slice(0, 14)
/** `yyyyMMddHHmmss` in China's time, UTC+8 all year. */
export const beijing14 = (at: Date) => utc14(new Date(at.getTime() + 8 * HOUR))

/** The last second of the same day in Beijing: when everything sold by the year or month runs out. */
export function endOfBeijingDay(at: Date): Date {
  const local = at.getTime() + 8 * HOUR
  return new Date(Math.floor(local / DAY) * DAY + DAY - SECOND - 8 * HOUR)
}

/** An order id in the marketplace's shape: `CS`, the minute of the purchase in Beijing, five characters. */
export const orderIdAt = (at: Date, random: Random) =>
  `CS${beijing14(at).slice(2, 12)}${random.text(5, CAPITALS_AND_DIGITS)}`

/** The buyer as the order query tells it. */
export type Buyer = {
  customerId: string
  customerName: string
  customerRealName: string
  customerType: 0 | 1
  userId: string | null
  userName: string | null
  mobilePhone: string | null
  email: string | null
}

const CITIES = [
  ['苏州', 'suzhou'],
  ['杭州', 'hangzhou'],
  ['成都', 'chengdu'],
  ['深圳', 'shenzhen'],
  ['武汉', 'wuhan'],
  ['西安', 'xian'],
  ['南京', 'nanjing'],
  ['青岛', 'qingdao'],
  ['厦门', 'xiamen'],
  ['长沙', 'changsha'],
  ['合肥', 'hefei'],
  ['贵阳', 'guiyang'],
] as const
const WORDS = [
  ['云岭', 'yunling'],
  ['启明', 'qiming'],
  ['禾川', 'hechuan'],
  ['瑞和', 'ruihe'],
  ['青松', 'qingsong'],
  ['博远', 'boyuan'],
  ['锦程', 'jincheng'],
  ['海拓', 'haituo'],
  ['衡山', 'hengshan'],
  ['新元', 'xinyuan'],
  ['安澜', 'anlan'],
  ['致成', 'zhicheng'],
  ['天禄', 'tianlu'],
  ['远帆', 'yuanfan'],
  ['明德', 'mingde'],
] as const
const TRADES = [
  '精密制造',
  '供应链管理',
  '医疗器械',
  '教育科技',
  '跨境电商',
  '新能源',
  '餐饮管理',
  '建筑设计',
  '物流',
  '农业科技',
]

/** An invented company; the same draw gives the same company with the same ids. */
export function randomBuyer(random: Random): Buyer {
  const [city, citySpelled] = random.pick(CITIES)
  const [word, wordSpelled] = random.pick(WORDS)
  const trade = random.pick(TRADES)
  const account = `${wordSpelled}_${citySpelled}${TRADES.indexOf(trade)}`
  const id = createHash('sha256').update(account).digest('hex')
  return {
    customerId: id.slice(0, 32),
    customerName: `${city}${word}${trade}`,
    customerRealName: `${city}${word}${trade}有限公司`,
    customerType: 1,
    userId: null,
    userName: null,
    mobilePhone: `1380000${(Number.parseInt(id.slice(32, 38), 16) % 9000) + 1000}`,
    email: `it@${account.replace('_', '-')}.example.com`,
  }
}
