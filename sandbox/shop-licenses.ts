import { DAY, HOUR, MINUTE, orderIdAt, randomBuyer, seeded, utc14 } from './believable'
import type { LicenseCode, LicenseFault } from './license-api'
import { buildOrder, periodLater, type WireOrder } from './orders'
import { inOrder, type Step } from './shop-stage'

const YEAR = { type: 'year', number: 1 } as const
const texts = { name: '磐石三维设计', productId: 'OFFI202600000000000101', kind: 'license-id' } as const
const generated = { name: '砺剑工业仿真', productId: 'OFFI202600000000000102', kind: 'license-id' } as const
const codes = { name: '云哨终端安全', productId: 'OFFI202600000000000103', kind: 'license-code' } as const
const online = { name: '图灵 EDA 在线版', productId: 'OFFI202600000000000104', kind: 'license-online' } as const

/** The shop's products with licences, for its set-up document. */
export function licenseProducts(sellerUrl: string, webhookSecret: string) {
  const webhook = { type: 'webhook', url: `${sellerUrl}/koogallery`, secret: webhookSecret, timeoutSeconds: 4 }
  const product = ({ name, productId, kind }: { name: string; productId: string; kind: string }, delivery: object) => {
    return { name, productIds: [productId], kind, delivery }
  }
  return [
    product(texts, { type: 'manual' }),
    product(generated, webhook),
    product(codes, { type: 'manual' }),
    product(online, { type: 'manual' }),
  ]
}

export type LicenseStories = {
  steps: Step[]
  /** What the order query must be able to tell. */
  orders: WireOrder[]
  /** What the marketplace knows of codes, and still refuses, when the stories are over. */
  control: { licenses: LicenseCode[]; licenseFaults: LicenseFault[] }
}

/** A year of licences of every kind up to `until`, in every state they can be in; the same for the same arguments. */
export function licenseStories(until: Date, seed = 11): LicenseStories {
  const random = seeded(seed)
  const ago = (days: number, hours = 0) => new Date(until.getTime() - days * DAY - hours * HOUR)
  const steps: Step[] = []
  const orders: WireOrder[] = []
  const known: LicenseCode[] = []
  const at = (when: Date, play: Step['play']) => void steps.push({ at: when, play })
  const later = (when: Date, ms: number) => new Date(when.getTime() + ms)

  /** Licence 1.0: asked for, asked for again an hour later, and what happens to it in between and after. */
  function text(product: { productId: string }, bought: Date, tries = 1) {
    const [orderId, buyer] = [orderIdAt(bought, random), randomBuyer(random)]
    const expiresAt = periodLater(bought, YEAR)
    const code = random.text(24, '0123456789ABCDEF')
    let instanceId: string | null = null
    const fields = {
      orderId,
      customerId: buyer.customerId,
      customerName: buyer.customerName,
      productId: product.productId,
      skuCode: undefined,
      chargingMode: 1,
      periodType: 'year',
      periodNumber: 1,
      amount: 1,
      expireTime: utc14(expiresAt),
      saasExtendParams: [{ name: 'identificationCode', value: code }],
    }
    for (let n = 0; n < tries; n += 1)
      at(later(bought, n * HOUR), async (stage) => {
        const told = await stage.call('v1', 'getLicense', { ...fields, businessId: random.uuid() })
        instanceId = told.instanceId ?? instanceId
      })
    const changed = (when: Date, activity: 'refreshLicense' | 'expireLicense' | 'releaseLicense', more: object = {}) =>
      at(when, (stage) => stage.call('v1', activity, { orderId, instanceId, ...more }))
    const issued = (when: Date) =>
      at(when, (stage) =>
        stage.staff.issue(orderId, `PS3D-${code.slice(0, 6)}-${random.text(30, 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789')}`),
      )
    return { orderId, expiresAt, changed, issued }
  }

  text(texts, ago(200), 2).issued(ago(200, -0.6))
  text(texts, ago(353, 5), 2).issued(ago(353, 4.5))
  const renewed = text(texts, ago(362), 2)
  renewed.issued(ago(362, -0.5))
  const renewal = ago(9, 3)
  renewed.changed(renewal, 'refreshLicense', {
    orderId: orderIdAt(renewal, random),
    expireTime: utc14(periodLater(renewed.expiresAt, YEAR)),
    periodType: 'year',
    periodNumber: 1,
  })
  const expired = text(texts, ago(374), 2)
  expired.issued(ago(374, -0.4))
  expired.changed(later(expired.expiresAt, MINUTE), 'expireLicense')
  const released = text(texts, ago(398), 2)
  released.issued(ago(398, -0.3))
  released.changed(later(released.expiresAt, MINUTE), 'expireLicense')
  released.changed(later(released.expiresAt, 15 * DAY), 'releaseLicense')
  text(texts, ago(20, 4), 4).issued(ago(19, 22)) // too late: somebody must restart it
  const denied = text(texts, ago(8, 2), 3)
  at(ago(8, 1.5), (stage) => stage.staff.deny(denied.orderId, '000100', '识别码与订单不符,已联系买家重新提交'))
  text(texts, ago(0, 1.4), 2)
  for (const days of [121, 58, 3]) text(generated, ago(days, 2), 2)

  /** Licence 2.0: what the seller noted of an order, the marketplace knows, and the buyer's software did. */
  function code(bought: Date, status: 'GENERATED' | 'COLLECTED', activatedAt?: Date, queriedAt?: Date) {
    const license = `PL${random.text(10, '0123456789ABCDEFGHJKLMNPQRSTUVWXYZ')}`
    const orderId = orderIdAt(bought, random)
    const { customerId, customerName } = randomBuyer(random)
    const expireTime = utc14(periodLater(activatedAt ?? bought, YEAR))
    const record: LicenseCode = {
      license,
      status,
      orderId,
      productId: codes.productId,
      amount: 1,
      expireTime,
    }
    known.push(record)
    at(bought, (stage) =>
      stage.staff.know([{ license, orderId, productId: codes.productId, customerId, customerName }]),
    )
    const found = { ...record, status }
    at(activatedAt ?? later(bought, HOUR), async (stage) => {
      await stage.control({ licenses: [found] })
      if (activatedAt || status === 'GENERATED') await stage.staff.activate(license)
    })
    if (activatedAt) record.status = 'ALIVE'
    if (queriedAt) at(queriedAt, (stage) => stage.staff.query(license))
    const changed = (
      when: Date,
      activity: 'refreshLicenseCode' | 'updateLicenseCodeStatus' | 'releaseLicenseCode',
      more = {},
    ) => at(when, (stage) => stage.call('v2', activity, { license, ...more }))
    const ends = (end: 'EXPIRED' | 'RELEASED', when: Date) => {
      record.status = end
      at(when, (stage) => stage.control({ licenses: [record] }))
    }
    const renewed = (when: Date, until: string) => {
      record.expireTime = until
      at(when, (stage) => stage.control({ licenses: [record] }))
      changed(when, 'refreshLicenseCode', { scene: 'RENEWAL', orderId: orderIdAt(when, random), expireTime: until })
    }
    return { changed, ends, renewed }
  }

  code(ago(1, 6), 'GENERATED')
  code(ago(5, 3), 'COLLECTED', undefined, ago(4, 22))
  for (const days of [300, 210, 95, 40]) code(ago(days, 4), 'COLLECTED', ago(days, 1), ago(0, 2))
  code(ago(64), 'COLLECTED', ago(63), ago(2, 3)) // its software has not asked for two days
  const prolonged = code(ago(366), 'COLLECTED', ago(365), ago(0, 3))
  prolonged.renewed(ago(11), utc14(periodLater(until, YEAR)))
  code(ago(348), 'COLLECTED', ago(347), ago(0, 5))
  code(ago(130), 'COLLECTED', ago(129), ago(6)).changed(ago(5), 'updateLicenseCodeStatus', { status: 'FREEZE' })
  const over = code(ago(390), 'COLLECTED', ago(389), ago(23, 2))
  over.ends('EXPIRED', ago(24))
  const gone = code(ago(395), 'COLLECTED', ago(394))
  gone.changed(ago(10), 'releaseLicenseCode', { orderId: orderIdAt(ago(10), random) })
  gone.ends('RELEASED', ago(10))

  /** An online product's instance, bought by V2. */
  function instance(bought: Date) {
    const orderId = orderIdAt(bought, random)
    const product = {
      productId: online.productId,
      skuCode: '',
      productName: `${online.name},专业版,授权数:5`,
      quantity: 5,
    }
    const order = { orderId, at: bought, chargingMode: 'PERIOD', orderType: 'NEW', amount: '18800.00' } as const
    const expiresAt = periodLater(bought, YEAR)
    orders.push(buildOrder({ ...order, product, period: YEAR, expiresAt, buyer: randomBuyer(random) }))
    let instanceId: string | null = null
    at(bought, async (stage) => {
      instanceId = (await stage.call('v2', 'newInstance', { orderId, businessId: random.uuid() })).instanceId
    })
    const apply = (when: Date) => {
      const eventId = random.uuid()
      const mac = Array.from({ length: 3 }, () => random.text(2, '0123456789abcdef')).join(':')
      at(when, (stage) =>
        stage.call('v2', 'getLicenseAsync', {
          instanceId,
          eventId,
          effectiveTime: spelled(when),
          expireTime: spelled(expiresAt),
          deviceFingerprint: `00:16:3e:${mac}|disk-${random.text(8, '0123456789')}|board-7|cpu-1`,
        }),
      )
      return eventId
    }
    return { apply, release: (when: Date) => at(when, (stage) => stage.call('v2', 'releaseInstance', { instanceId })) }
  }

  const made = (eventId: string, when: Date, license: string | { name: string; content: string }, uploads = true) => {
    at(when, (stage) => stage.staff.issue(eventId, license))
    if (uploads) at(later(when, MINUTE), (stage) => stage.staff.upload(eventId))
  }
  const studio = instance(ago(140))
  made(studio.apply(ago(139)), ago(139, -1), `TURING-EDA-${random.text(24, 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789')}`)
  const faulty = studio.apply(ago(2, 5))
  made(faulty, ago(2, 3), `TURING-EDA-${random.text(24, 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789')}`)
  studio.apply(ago(0, 3))
  const laboratory = instance(ago(33))
  const misshapen = laboratory.apply(ago(32))
  at(ago(32, -0.5), (stage) =>
    stage.control({ licenseFaults: [{ api: 'upload', error: '91381037', about: misshapen }] }),
  )
  made(misshapen, ago(32, -1), { name: 'turing-eda.lic', content: 'FEATURE eda turingd 6.0' })
  const stranger = laboratory.apply(ago(12))
  at(ago(11, 20), (stage) => stage.staff.deny(stranger, '000903', '设备不在合同约定范围内'))
  const ended = instance(ago(88))
  made(ended.apply(ago(87)), ago(87, -2), `TURING-EDA-${random.text(24, 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789')}`)
  ended.apply(ago(30))
  ended.release(ago(17))

  const stuck: LicenseFault = { api: 'upload', error: '91381036', about: faulty, times: 1_000 }
  at(ago(2, 4), (stage) => stage.control({ licenseFaults: [stuck] }))
  return { steps: inOrder(steps, until), orders, control: { licenses: known, licenseFaults: [stuck] } }
}

/** `2023-10-27 10:30:15 z` (license.md §3.4). */
const spelled = (at: Date) => `${at.toISOString().slice(0, 19).replace('T', ' ')} z`
