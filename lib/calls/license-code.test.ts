import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prisma } from '@/lib/db/client'
import { rebuildLicense } from '@/lib/licenses'
import {
  activateLicense,
  activateLicenses,
  queryLicense,
  queryLicenses,
  reportUsage,
  setLicenseSettings,
  sweepLicenses,
} from '@/lib/licenses/code-actions'
import { addLicenses } from '@/lib/licenses/import'
import { getLicense, listLicenses } from '@/lib/licenses/queries'
import { systemContext } from '@/lib/users/context'
import { disorder, licenseDesk, newCode, only, playInOrder, playMixed, posted, type Step } from './test-licenses'
import { newOrder } from './test-marketplace'

const desk = licenseDesk()
const ctx = systemContext

describe('licence 2.0', () => {
  it('knows a code from its first callback, whichever that is', async () => {
    const license = newCode()
    const order = newOrder()
    const renewal = {
      activity: 'refreshLicenseCode',
      scene: 'RENEWAL',
      ...order,
      license,
      expireTime: '20300101000000',
    }
    expect((await posted(renewal)).json).toEqual({ resultCode: '000000', resultMsg: 'success.' })
    const { items } = await listLicenses({ ctx, query: { q: license, limit: 10 } })
    expect(items).toMatchObject([{ kind: 'license-code', state: 'generated', license: `••••${license.slice(-4)}` }])
    expect(JSON.stringify(items)).not.toContain(license)
    expect(await prisma().message.findFirstOrThrow({ where: { orderId: order.orderId } })).toMatchObject({
      state: 'succeeded',
      key: expect.not.stringContaining(license),
      instanceId: items[0]?.id,
    })
    for (const status of ['FREEZE', 'UNFREEZE', 'FREEZE'])
      expect((await posted({ activity: 'updateLicenseCodeStatus', license, status })).json.resultCode).toBe('000000')
    expect((await listLicenses({ ctx, query: { q: license, limit: 10 } })).items).toMatchObject([{ state: 'frozen' }])
    await posted({ activity: 'releaseLicenseCode', license, ...newOrder() })
    expect((await listLicenses({ ctx, query: { q: license, limit: 10 } })).items).toMatchObject([{ state: 'released' }])
    const bad = await posted({ activity: 'updateLicenseCodeStatus', license, status: 'MELT' })
    expect(bad.json).toMatchObject({ resultCode: '000002' })
  })

  it('activates, queries once a day, and reports use', async () => {
    const license = newCode()
    desk.sandbox.control.licenses.register([{ license, status: 'GENERATED' }])
    await expect(activateLicense({ ctx, input: { code: license } })).rejects.toMatchObject({
      code: 'conflict',
      details: { marketplaceCode: '92020004' },
    })
    expect((await listLicenses({ ctx, query: { q: license, limit: 1 } })).items).toMatchObject([
      { state: 'generated', reason: 'not-collected', nextEvent: { type: 'collect' } },
    ])
    desk.sandbox.control.licenses.register([{ license, status: 'COLLECTED', productId: 'codes', orderId: 'CS9' }])
    const id = await activateLicense({ ctx, input: { code: license } })
    expect(await getLicense({ ctx, id })).toMatchObject({ state: 'active', orderId: 'CS9', productName: 'codes' })
    // Its answer was lost: the second try finds it activated.
    expect(await activateLicense({ ctx, input: { code: id } })).toBe(id)
    desk.sandbox.control.clearRequests()
    expect(await queryLicense({ ctx, input: { code: license } })).toBe(id)
    expect(desk.sandbox.control.requests()).toHaveLength(0)
    await queryLicense({ ctx, input: { code: license, fresh: true } })
    expect(desk.sandbox.control.requests()).toHaveLength(1)
    const usage = [
      { license, id: 'device-1' },
      { license, activeNumber: 12 },
    ]
    expect(await reportUsage({ ctx, input: { usage } })).toEqual({ accepted: 2, failed: [] })
    expect(desk.sandbox.control.licenses.usage()).toEqual([
      { license, software_usage_Info: [{ id: 'device-1' }, { active_num: 12 }] },
    ])
    await expect(activateLicense({ ctx, input: { code: 'PLUNKNOWN' } })).rejects.toMatchObject({ code: 'not-found' })
    expect(await prisma().license.count({ where: { hint: '••••KNOWN' } })).toBe(0)
  })

  it('takes a hundred codes at once, and one by one where one of them is bad', async () => {
    const list = Array.from({ length: 100 }, newCode)
    desk.sandbox.control.licenses.register(list.map((license) => ({ license })))
    const done = await activateLicenses({ ctx, input: { licenses: list } })
    expect(done.filter(({ ok }) => ok)).toHaveLength(100)
    expect(
      desk.sandbox.control.requests().filter(({ target }) => target.includes('/v2/license/activate')),
    ).toHaveLength(1)
    const queried = await queryLicenses({ ctx, input: { licenses: list } })
    expect(queried.every(({ ok }) => ok)).toBe(true)
    const more = [newCode(), newCode()]
    desk.sandbox.control.licenses.register([{ license: more[0] ?? '' }])
    const mixed = await activateLicenses({ ctx, input: { licenses: more } })
    expect(mixed).toMatchObject([{ ok: true }, { ok: false, code: '92020005' }])
  })

  it('sweeps what nobody asked about today, when it is set to', async () => {
    const license = newCode()
    desk.sandbox.control.licenses.register([{ license, status: 'EXPIRED', expireTime: '20250101000000' }])
    await addLicenses({ ctx, input: { licenses: [{ license, activatedAt: '2024-01-01T00:00:00Z' }] } })
    const state = async () => (await listLicenses({ ctx, query: { q: license, limit: 1 } })).items[0]?.state
    await sweepLicenses(AbortSignal.timeout(5000))
    expect(await state()).toBe('active')
    await setLicenseSettings({ ctx, input: { sweep: true } })
    await sweepLicenses(AbortSignal.timeout(5000))
    expect(await state()).toBe('expired')
    desk.sandbox.control.licenses.register([{ license, status: 'RELEASED' }])
    await sweepLicenses(AbortSignal.timeout(5000))
    expect(await state()).toBe('expired')
  })

  it('asks the fallback host, and says what it was told', async () => {
    const license = newCode()
    desk.sandbox.control.licenses.register([{ license, status: 'ALIVE' }])
    desk.sandbox.control.addFault({ host: 'primary', answer: 'cut', times: 1 })
    await queryLicense({ ctx, input: { code: license } })
    desk.sandbox.control.licenses.addFault({ api: 'query', error: 'CBC.0999' })
    const asking = queryLicense({ ctx, input: { code: license, fresh: true } })
    await expect(asking).rejects.toMatchObject({ code: 'unavailable', details: { marketplaceCode: 'CBC.0999' } })
  })
})

describe('licence 2.0, whatever the order, the repeats and the company (property)', () => {
  const line = (n: number) => ({ orderId: `CSR${n}`, orderLineId: `CSR${n}-000001` })
  const renewal = { activity: 'refreshLicenseCode', scene: 'RENEWAL' }
  const refund = { activity: 'refreshLicenseCode', scene: 'UNSUBSCRIBE_RENEWAL_PERIOD' }
  const status = { activity: 'updateLicenseCodeStatus' }

  /** Every change a code can see, in the order of the marketplace. */
  const story = (license: string, at: number): Step[] =>
    [
      { ...renewal, ...line(1), license, expireTime: '20270101000000' },
      { ...status, license, status: 'FREEZE' },
      { ...status, license, status: 'UNFREEZE' },
      { ...renewal, ...line(2), license, expireTime: '20280101000000' },
      { ...refund, ...line(3), license, expireTime: '20270101000000' },
      { ...status, license, status: 'FREEZE' },
      { activity: 'releaseLicenseCode', license, ...line(4) },
    ].map((body, n) => ({ post: true, body, at: at + n * 100 }))
  const facts = async (license: string) => {
    const [known] = (await listLicenses({ ctx, query: { q: license, limit: 1 } })).items
    const { id, state, reason, expiresAt, releasedAt, productId } = await only({ id: known?.id })
    expect(await prisma().$transaction((tx) => rebuildLicense(tx, id))).toMatchObject({ differed: false })
    return { state, reason, expiresAt, releasedAt, productId }
  }

  it('ends as in order and once', async () => {
    await fc.assert(
      fc.asyncProperty(disorder(7), async (mess) => {
        const at = Date.now() - 20_000
        const [once, mixed] = [newCode(), newCode()]
        await playInOrder(story(once, at), mess)
        await playMixed(story(mixed, at), mess)
        expect(await facts(mixed)).toEqual(await facts(once))
      }),
      { numRuns: 25 },
    )
  }, 60_000)
})
