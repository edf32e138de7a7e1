import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prisma } from '@/lib/db/client'
import { importPool } from '@/lib/delivery'
import { produceLicense, rebuildLicense } from '@/lib/licenses'
import { denyLicense, issueLicense, revealLicense } from '@/lib/licenses/actions'
import { importLicenses } from '@/lib/licenses/import'
import { getLicense } from '@/lib/licenses/queries'
import { bodySign } from '@/lib/marketplace'
import { systemContext } from '@/lib/users/context'
import { replayMessage } from './index'
import { disorder, fetched, keys, licenseDesk, only, playInOrder, playMixed, type Step, wanted } from './test-licenses'
import { newOrder } from './test-marketplace'

const desk = licenseDesk()
const ctx = systemContext
const messageOf = (orderId: string) => prisma().message.findFirstOrThrow({ where: { orderId } })

describe('licence 1.0', () => {
  it('waits for staff, and the marketplace’s next call fetches what they issued', async () => {
    const { orderId } = newOrder()
    const first = await fetched(wanted('text-manual', orderId))
    expect(first.json).toMatchObject({ resultCode: '000004', instanceId: expect.any(String) })
    expect(first.headers['Body-Sign']).toBe(bodySign(first.body, keys.license))
    const { id } = await only({ orderId })
    expect(await getLicense({ ctx, id })).toMatchObject({
      state: 'waiting',
      reason: 'waits-for-staff',
      nextEvent: { type: 'issue' },
      license: null,
      identificationCode: true,
      customerName: '华为客户',
    })
    await issueLicense({ ctx, input: { id, license: 'LICENSE-TEXT-0001' } })
    expect(await getLicense({ ctx, id })).toMatchObject({ state: 'issued', nextEvent: { type: 'retry' } })
    expect(await messageOf(orderId)).toMatchObject({ state: 'open' })
    await expect(issueLicense({ ctx, input: { id, license: 'ANOTHER' } })).rejects.toMatchObject({ code: 'conflict' })
    const second = await fetched(wanted('text-manual', orderId))
    expect(second.json).toMatchObject({
      resultCode: '000000',
      license: 'LICENSE-TEXT-0001',
      instanceId: first.json.instanceId,
    })
    expect(second.headers['Body-Sign']).toBe(bodySign(second.body, keys.license))
    const shown = await getLicense({ ctx, id })
    expect(shown).toMatchObject({ state: 'active', license: '••••0001' })
    expect(shown.timeline.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['requested', 'issued', 'fetched', 'getLicense']),
    )
    expect(await messageOf(orderId)).toMatchObject({ state: 'succeeded', attempts: 2 })
    const stored = JSON.stringify([
      shown,
      await prisma().licenseEvent.findMany({ omit: { position: true } }),
      await prisma().auditEntry.findMany(),
      await prisma().message.findMany(),
    ])
    expect(stored).not.toContain('LICENSE-TEXT-0001')
    expect(await revealLicense({ ctx, input: { id } })).toMatchObject({
      license: 'LICENSE-TEXT-0001',
      identificationCode: 'MACHINE-CODE-00000000001',
    })
  })

  it('twenty identical requests at once get one licence of the pool', async () => {
    const { id } = await prisma().product.findFirstOrThrow({ where: { name: 'text-pool' } })
    const csv = 'license,identificationCode\nPOOL-A,\nPOOL-B,\n"BOUND\nOF TWO LINES",MACHINE-CODE-00000000001\n'
    expect(await importPool({ ctx, input: { productRef: id, csv } })).toMatchObject({ added: 3, errors: [] })
    const { orderId } = newOrder()
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetched(wanted('text-pool', orderId))))
    expect(new Set(answers.map(({ json }) => json.license))).toEqual(new Set(['BOUND\nOF TWO LINES']))
    expect(new Set(answers.map(({ json }) => json.instanceId)).size).toBe(1)
    expect(await prisma().license.count({ where: { orderId } })).toBe(1)
    for (const text of ['POOL-A', 'POOL-B'])
      expect((await fetched(wanted('text-pool', newOrder().orderId))).json.license).toBe(text)
    const empty = newOrder().orderId
    expect((await fetched(wanted('text-pool', empty))).json).toMatchObject({ resultCode: '000100' })
    expect(await only({ orderId: empty })).toMatchObject({ state: 'waiting', reason: 'pool-empty' })
    await importPool({ ctx, input: { productRef: id, csv: 'license\nPOOL-C\n' } })
    expect((await fetched(wanted('text-pool', empty))).json).toMatchObject({ resultCode: '000000', license: 'POOL-C' })
  })

  it('asks the seller’s software within the call, and keeps the first text', async () => {
    const { orderId } = newOrder()
    const answers = await Promise.all([1, 2, 3].map(() => fetched(wanted('text-webhook', orderId))))
    const [license] = new Set(answers.map(({ json }) => json.license))
    expect(license).toMatch(/^LIC-/)
    expect(new Set(answers.map(({ json }) => json.license)).size).toBe(1)
    const [event] = desk.seller.received().filter((one) => one.orderId === orderId)
    expect(event).toMatchObject({ verified: true, type: 'license.requested' })
    expect(JSON.parse(event?.body ?? '')).toMatchObject({
      data: { identificationCode: 'MACHINE-CODE-00000000001', license: { orderId, kind: 'license-id' } },
    })
    expect(await messageOf(orderId)).toMatchObject({ state: 'succeeded' })
  })

  it('passes a refusal on in the marketplace’s words, and tries again when it is asked again', async () => {
    const { orderId } = newOrder()
    desk.seller.setMode('refuse')
    expect((await fetched(wanted('text-webhook', orderId))).json).toMatchObject({ resultCode: '000100' })
    expect(await only({ orderId })).toMatchObject({ reason: 'webhook-refused', errorCode: '000100' })
    desk.seller.setMode('later')
    expect((await fetched(wanted('text-webhook', orderId))).json).toMatchObject({ resultCode: '000004' })
    expect(await only({ orderId })).toMatchObject({ reason: 'waits-for-webhook' })
    desk.seller.setMode('error')
    expect((await fetched(wanted('text-webhook', orderId))).json).toMatchObject({ resultCode: '000004' })
    expect(await only({ orderId })).toMatchObject({ reason: 'webhook-failed' })
    desk.seller.setMode('ok')
    const { id } = await only({ orderId })
    expect(await produceLicense(id, { deadline: Date.now() + 5000 })).toMatchObject({ outcome: 'issued' })
    expect((await fetched(wanted('text-webhook', orderId))).json).toMatchObject({ resultCode: '000000' })
  })

  it('answers what staff denied, until it is issued after all', async () => {
    const { orderId } = newOrder()
    await fetched(wanted('text-manual', orderId))
    const { id } = await only({ orderId })
    await denyLicense({ ctx, input: { id, code: '000103', note: '重复购买' } })
    expect((await fetched(wanted('text-manual', orderId))).json).toMatchObject({
      resultCode: '000103',
      resultMsg: '重复购买',
    })
    await expect(denyLicense({ ctx, input: { id } })).rejects.toMatchObject({ code: 'conflict' })
    await issueLicense({ ctx, input: { id, license: 'AFTER-ALL' } })
    expect((await fetched(wanted('text-manual', orderId))).json).toMatchObject({ license: 'AFTER-ALL' })
  })

  it('keeps test licences apart, and tells when it knows none', async () => {
    const { orderId } = newOrder()
    await fetched(wanted('text-manual', orderId, { testFlag: '1' }))
    await fetched(wanted('text-manual', orderId))
    expect(await prisma().license.count({ where: { orderId } })).toBe(2)
    const nobody = await fetched({ activity: 'releaseLicense', orderId: 'CSNOBODY', instanceId: 'nobody' })
    expect(nobody.json).toMatchObject({ resultCode: '000003' })
    const wrong = await fetched({ ...wanted('text-manual', orderId), saasExtendParams: '!!!' })
    expect(wrong.json).toMatchObject({ resultCode: '000002' })
    expect(wrong.json.resultMsg).toContain('saasExtendParams')
  })

  it('a dry run shows what would change and changes nothing; a replay does it once', async () => {
    const { orderId } = newOrder()
    await fetched(wanted('text-manual', orderId))
    const { id } = await only({ orderId })
    await issueLicense({ ctx, input: { id, license: 'REPLAYED-0001' } })
    const message = await messageOf(orderId)
    const dry = await replayMessage({ ctx, input: { messageId: message.id, dryRun: true } })
    expect(dry).toMatchObject({ resultCode: '000000', replayId: null })
    expect(await getLicense({ ctx, id })).toMatchObject({ state: 'issued' })
    const instanceId = (await only({ orderId })).instanceId ?? ''
    const renewed = await fetched({
      activity: 'refreshLicense',
      orderId: newOrder().orderId,
      instanceId,
      expireTime: '20300101000000',
    })
    expect(renewed.json.resultCode).toBe('000000')
    const renewal = await prisma().message.findFirstOrThrow({ where: { instanceId, activity: 'refreshLicense' } })
    const edited = await replayMessage({
      ctx,
      input: { messageId: renewal.id, payload: { orderId: 'CSEDITED', expireTime: '20310101000000' }, dryRun: true },
    })
    expect(edited.changes).toMatchObject([{ field: 'expiresAt' }])
    const done = await replayMessage({ ctx, input: { messageId: renewal.id } })
    expect(done).toMatchObject({ resultCode: '000000', changes: [] })
    expect((await only({ orderId })).expiresAt).toEqual(new Date('2030-01-01T00:00:00Z'))
    // A replay reaches nobody: only the marketplace's own call fetches.
    await replayMessage({ ctx, input: { messageId: message.id } })
    expect(await only({ orderId })).toMatchObject({ deliveredAt: null })
  })

  it('releases a licence sold before it had an instance id by its order', async () => {
    const orderId = newOrder().orderId
    const csv = Buffer.from(`license,kind,orderId,instanceId\nOLD-TEXT-1,license-id,${orderId},old-instance-1\n`)
    expect(await importLicenses({ ctx, input: { file: csv, dryRun: true } })).toMatchObject({ added: 1 })
    expect(await prisma().license.count({ where: { orderId } })).toBe(0)
    expect(await importLicenses({ ctx, input: { file: csv, dryRun: false } })).toMatchObject({ added: 1, errors: [] })
    expect(await importLicenses({ ctx, input: { file: csv, dryRun: false } })).toMatchObject({ duplicates: 1 })
    expect((await fetched(wanted('text-manual', orderId))).json).toMatchObject({
      license: 'OLD-TEXT-1',
      instanceId: 'old-instance-1',
    })
    expect((await fetched({ activity: 'releaseLicense', orderId, instanceId: '' })).json.resultCode).toBe('000000')
    expect(await only({ orderId })).toMatchObject({ state: 'released' })
  })
})

describe('licence 1.0, whatever the order, the repeats and the company (property)', () => {
  const story = (instanceId: string, orderId: string, at: number): Step[] =>
    [
      { activity: 'refreshLicense', orderId: 'CSR1', instanceId, expireTime: '20270101000000' },
      { activity: 'expireLicense', orderId, instanceId },
      { activity: 'refreshLicense', orderId: 'CSR2', instanceId, expireTime: '20280101000000' },
      { activity: 'expireLicense', orderId, instanceId },
      { activity: 'releaseLicense', orderId, instanceId },
    ].map((body, n) => ({ post: false, body, at: at + n * 100 }))
  const facts = async (where: object) => {
    const { id, state, reason, expiresAt, releasedAt, productId } = await only(where)
    expect(await prisma().$transaction((tx) => rebuildLicense(tx, id))).toMatchObject({ differed: false })
    return { state, reason, expiresAt, releasedAt, productId }
  }

  it('ends as in order and once, with the same text', async () => {
    await fc.assert(
      fc.asyncProperty(disorder(5), async (mess) => {
        const at = Date.now() - 20_000
        const make = async () => {
          const { orderId } = newOrder()
          const { json } = await fetched(wanted('text-manual', orderId, { expireTime: '20261231000000' }), at - 1000)
          await issueLicense({ ctx, input: { id: (await only({ orderId })).id, license: `T-${orderId}` } })
          await fetched(wanted('text-manual', orderId), at - 500)
          return { orderId, story: story(String(json.instanceId), orderId, at) }
        }
        const [once, mixed] = [await make(), await make()]
        await playInOrder(once.story, mess)
        await playMixed(mixed.story, mess)
        expect(await facts({ orderId: mixed.orderId })).toEqual(await facts({ orderId: once.orderId }))
        expect((await fetched(wanted('text-manual', mixed.orderId))).json.license).toBe(`T-${mixed.orderId}`)
      }),
      { numRuns: 20 },
    )
  }, 60_000)
})
