import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prisma } from '@/lib/db/client'
import { importPool } from '@/lib/delivery'
import { rebuildInstance } from '@/lib/instances'
import { rebuildLicense, uploadLicense } from '@/lib/licenses'
import { issueLicense, retryLicense } from '@/lib/licenses/actions'
import { getLicense } from '@/lib/licenses/queries'
import { systemContext } from '@/lib/users/context'
import { settleApplication } from './index'
import { disorder, licenseDesk, newCode, only, playInOrder, playMixed, posted, type Step } from './test-licenses'
import { newOrder, purchase } from './test-marketplace'

const desk = licenseDesk()
const ctx = systemContext

const open = async (productId: string) => {
  const bought = await posted(purchase(newOrder(), { productId }))
  expect(bought.json).toMatchObject({ resultCode: '000000', instanceId: expect.any(String) })
  return String(bought.json.instanceId)
}
const apply = (instanceId: string, more: object = {}) => ({
  activity: 'getLicenseAsync',
  instanceId,
  eventId: `event-${newCode()}`,
  effectiveTime: `${new Date().toISOString().slice(0, 19).replace('T', ' ')} z`,
  expireTime: '2027-10-27 10:30:15 z',
  deviceFingerprint: 'mac|disk|board|cpu',
  ...more,
})

describe('an online licence', () => {
  const up = (id: string) => uploadLicense(id, Date.now() + 5000, settleApplication)

  it('is accepted, issued and uploaded as characters; the same request again is the same licence', async () => {
    const instanceId = await open('online')
    const request = apply(instanceId)
    const answers = await Promise.all(Array.from({ length: 8 }, () => posted(request)))
    expect(answers.every(({ json }) => json.resultCode === '000004')).toBe(true)
    const { id } = await only({ eventId: request.eventId })
    expect(await prisma().license.count({ where: { eventId: request.eventId } })).toBe(1)
    await issueLicense({ ctx, input: { id, license: 'ONLINE-LICENCE-1' } })
    await up(id)
    expect(desk.sandbox.control.licenses.uploads()).toMatchObject([
      { eventId: request.eventId, type: 'CHARACTERS', characters: 'ONLINE-LICENCE-1' },
    ])
    expect(await getLicense({ ctx, id })).toMatchObject({ state: 'active', nextEvent: { type: 'expire' } })
    const message = await prisma().message.findFirstOrThrow({ where: { instanceId, activity: 'getLicenseAsync' } })
    expect(message).toMatchObject({ state: 'succeeded' })
    expect((await posted(request)).json.resultCode).toBe('000000')
    await posted({ ...request, deviceFingerprint: 'another' })
    expect(await prisma().license.count({ where: { eventId: request.eventId } })).toBe(2)
  })

  it('is uploaded as a file, byte by byte, and replaced only after the marketplace refused it', async () => {
    const request = apply(await open('online'))
    await posted(request)
    const { id } = await only({ eventId: request.eventId })
    const content = Buffer.from([0, 255, 13, 10, 45, 45, 200, 0])
    await issueLicense({ ctx, input: { id, file: { name: '授权 1.lic', content } } })
    desk.sandbox.control.licenses.addFault({ api: 'upload', error: '91381036' })
    await expect(up(id)).rejects.toThrow('91381036')
    expect(await only({ id })).toMatchObject({ state: 'issued', reason: 'upload-failed', errorCode: '91381036' })
    desk.sandbox.control.licenses.addFault({ api: 'upload', error: '91381037' })
    await up(id)
    expect(await getLicense({ ctx, id })).toMatchObject({ reason: 'upload-refused', nextEvent: { type: 'issue' } })
    await issueLicense({ ctx, input: { id, file: { name: 'b.lic', content } } })
    await up(id)
    expect(desk.sandbox.control.licenses.uploads()).toMatchObject([{ type: 'FILE', fileName: 'b.lic', content }])
    await retryLicense({ ctx, input: { id } })
    await expect(issueLicense({ ctx, input: { id, license: 'C' } })).rejects.toMatchObject({ code: 'conflict' })
  })

  it('keeps to the rules of its product: device, dates, quota', async () => {
    const { id } = await prisma().product.findFirstOrThrow({ where: { name: 'strict' } })
    await importPool({ ctx, input: { productRef: id, csv: 'license\nS-1\nS-2\nS-3\n' } })
    const instanceId = await open('strict')
    await prisma().instance.update({
      where: { instanceId },
      data: { chargingMode: 'PERIOD', expiresAt: new Date('2028-01-01T00:00:00Z'), quantity: { amount: 2 } },
    })
    const code = async (more: object) => (await posted(apply(instanceId, more))).json.resultCode
    expect(await code({ deviceFingerprint: undefined })).toBe('000903')
    expect(await code({ expireTime: undefined })).toBe('000902')
    expect(await code({ expireTime: '2029-10-27 10:30:15 z' })).toBe('000901')
    expect(await code({})).toBe('000004')
    expect(await code({})).toBe('000004')
    expect(await code({})).toBe('000900')
    expect((await posted(apply('nowhere'))).json.resultCode).toBe('000003')
    expect(await code({ effectiveTime: 'tomorrow' })).toBe('000002')
  })

  it('is released with its instance, whether it was made, waits, or is asked for afterwards', async () => {
    const instanceId = await open('online')
    const [made, waiting, late] = [apply(instanceId), apply(instanceId), apply(instanceId)]
    for (const request of [made, waiting]) expect((await posted(request)).json.resultCode).toBe('000004')
    const { id } = await only({ eventId: made.eventId })
    await issueLicense({ ctx, input: { id, license: 'MADE-BEFORE' } })
    await up(id)
    expect((await posted({ activity: 'releaseInstance', instanceId })).json.resultCode).toBe('000000')
    expect((await posted(late)).json).toMatchObject({ resultCode: '000003' })
    expect((await posted(waiting)).json).toMatchObject({ resultCode: '000003' })
    expect((await posted(made)).json).toMatchObject({ resultCode: '000000' })
    for (const { eventId } of [made, waiting, late])
      expect(await only({ eventId })).toMatchObject({ state: 'released', reason: 'release-call' })
    const unused = await only({ eventId: late.eventId })
    await expect(issueLicense({ ctx, input: { id: unused.id, license: 'X' } })).rejects.toMatchObject({
      code: 'conflict',
    })
  })
})

describe('an online licence and its instance, whatever the order, the repeats and the company (property)', () => {
  /** What an instance can see after its purchase, in the order of the marketplace. */
  const story = (order: ReturnType<typeof newOrder>, instanceId: string, at: number): Step[] => {
    const line = (n: number) => ({ orderId: `${order.orderId}-R${n}`, orderLineId: `${order.orderId}-R${n}-1` })
    const event = (n: number) => apply(instanceId, { eventId: `${n}-${instanceId}` })
    // A renewal that comes after the release is told that there is nothing left to renew.
    const renewal = (n: number, expireTime: string) => ({
      ...{ activity: 'refreshInstance', scene: 'RENEWAL', instanceId, ...line(n), expireTime },
    })
    const status = (to: string) => ({ activity: 'updateInstanceStatus', instanceId, status: to })
    return [
      { body: purchase(order, { productId: 'online' }) },
      { body: event(1) },
      { body: renewal(1, '20270101000000') },
      { body: status('FREEZE') },
      { body: event(2) },
      { body: { ...event(2), deviceFingerprint: 'another' } },
      { body: status('UNFREEZE') },
      { body: renewal(2, '20280101000000') },
      { body: status('FREEZE') },
      { body: { activity: 'releaseInstance', instanceId } },
    ].map(({ body }, n) => ({ post: true, body, at: at + n * 100, allowed: ['000000', '000003', '000004'] }))
  }
  const facts = async (instanceId: string) => {
    const instance = await prisma().instance.findUniqueOrThrow({ where: { instanceId } })
    expect(await prisma().$transaction((tx) => rebuildInstance(tx, instanceId))).toMatchObject({ differed: false })
    const licenses = await prisma().license.findMany({ where: { instanceId }, orderBy: { requestKey: 'asc' } })
    for (const { id } of licenses)
      expect(await prisma().$transaction((tx) => rebuildLicense(tx, id))).toMatchObject({ differed: false })
    const { state, frozenReason, releasedAt, expiresAt } = instance
    return {
      instance: { state, frozenReason, releasedAt, expiresAt: state === 'released' ? null : expiresAt },
      licenses: licenses
        .map((one) => [one.eventId?.split('-')[0], one.state, one.reason, one.releasedAt, one.expiresAt])
        .sort(),
    }
  }

  it('ends as in order and once', async () => {
    await fc.assert(
      fc.asyncProperty(disorder(10), async (mess) => {
        const at = Date.now() - 20_000
        const make = async () => {
          const order = newOrder()
          const { json } = await posted(purchase(order, { productId: 'online' }), at - 1000)
          const instanceId = String(json.instanceId)
          return { instanceId, story: story(order, instanceId, at) }
        }
        const [once, mixed] = [await make(), await make()]
        await playInOrder(once.story, mess)
        await playMixed(mixed.story, mess)
        expect(await facts(mixed.instanceId)).toEqual(await facts(once.instanceId))
        expect(await prisma().message.count({ where: { instanceId: mixed.instanceId, activity: 'newInstance' } })).toBe(
          1,
        )
      }),
      { numRuns: 25 },
    )
  }, 120_000)
})
