import net, { type AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerAuthentication } from 'smtp-server'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { registerHandlers, startJobs, stopJobs, wakeJobs } from '@/lib/jobs'
import { seal } from '@/lib/secrets'
import type { Context } from '@/lib/users/context'
import { mailConfigured } from './mail'
import { draftPartnerMail, recordNotice, sendNotice } from './notices'

vi.hoisted(() => {
  process.env.LOG_LEVEL = 'silent'
})

const ctx: Context = { actor: { name: 'ops@example.com', via: 'user', role: 'operator' } }
const viewer: Context = { actor: { name: 'v@example.com', via: 'user', role: 'viewer' } }

type Received = { from: string; to: string[]; source: string }

let database: Awaited<ReturnType<typeof testDatabase>>
let smtp: SMTPServer
let received: Received[] = []
let refuseRecipients = false
let messageId: string

beforeAll(async () => {
  database = await testDatabase()
  smtp = new SMTPServer({
    authOptional: false,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth(auth: SMTPServerAuthentication, _session, done) {
      if (auth.username === 'desk' && auth.password === 'S3cret/mail') return done(null, { user: 'desk' })
      done(new Error(`no ${auth.password} here`))
    },
    onRcptTo(_address, _session, done) {
      done(refuseRecipients ? new Error('mailbox unknown') : null)
    },
    onData(stream, session, done) {
      let source = ''
      stream.on('data', (chunk) => {
        source += chunk
      })
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          from: (mailFrom as { address: string }).address,
          to: rcptTo.map(({ address }) => address),
          source,
        })
        done()
      })
    },
  })
  smtp.on('error', () => {})
  await new Promise<void>((done) => smtp.listen(0, '127.0.0.1', () => done()))
  setMail({})
  registerHandlers({ 'send-mail': async ({ noticeId }) => void (await sendNotice(noticeId)) })
  await startJobs()
})

afterAll(async () => {
  await stopJobs(0)
  await prisma().$disconnect()
  await database.drop()
  await new Promise<void>((done) => smtp.close(() => done()))
  delete process.env.SMTP_URL
  delete process.env.MAIL_FROM
})

beforeEach(async () => {
  received = []
  refuseRecipients = false
  setMail({})
  messageId = await newMessage()
})

function setMail({ password = 'S3cret/mail', port = (smtp.server.address() as AddressInfo).port, off = false }) {
  process.env.SMTP_URL = off ? '' : `smtp://desk:${encodeURIComponent(password)}@127.0.0.1:${port}`
  process.env.MAIL_FROM = 'Seller Desk <desk@seller.example>'
  provideEnv({ databaseUrl: database.url, deskSecret: 'notices-test-secret-0001' })
}

async function newMessage(): Promise<string> {
  const id = newId()
  const at = new Date('2026-03-02T03:04:05Z')
  const common = { protocol: 'saas-v2', activity: 'newInstance', orderId: 'CS1', orderLineId: 'CS1-000001' }
  await prisma().message.create({
    data: {
      id,
      key: `key ${id}`,
      ...common,
      state: 'succeeded',
      outcome: 'succeeded',
      attempts: 3,
      firstAt: at,
      lastAt: at,
      lastCallId: id,
    },
  })
  const call = (outcome: string, source: string, resultCode: string, resultMsg: string) =>
    prisma().call.create({
      data: {
        id: newId(),
        messageId: id,
        receivedAt: new Date(),
        ...common,
        source,
        outcome,
        resultCode,
        resultMsg,
        payload: seal('{}'),
      },
    })
  await call('failed', 'marketplace', '000005', 'first trouble')
  await call('failed', 'marketplace', '000100', 'the pool is empty')
  await call('succeeded', 'replay', '000000', 'success.')
  return id
}

const letter = { to: 'partner@huaweicloud.com', subject: '订单 CS1 newInstance', zh: '您好：已修复。', en: 'Repaired.' }
const record = (more: object = {}) => recordNotice({ ctx, input: { messageId, ...letter, send: true, ...more } })
const stored = (id: string) => prisma().notice.findUniqueOrThrow({ where: { id } })

describe('draftPartnerMail', () => {
  it('says what failed last and when it was put right', async () => {
    const draft = await draftPartnerMail({ ctx, input: { messageId } })
    expect(draft).toMatchObject({ to: 'partner@huaweicloud.com', subject: expect.stringContaining('newInstance CS1') })
    expect(draft.en).toContain('Error: 000100 · no instance resource is left to allot · the pool is empty')
    expect(draft.en).toContain('Replayed with success')
    expect(draft.zh).toContain('调用次数：2')
    expect(draft.zh).toContain('处理说明：问题已修复')
  })

  it('repeats the note of the replay that put it right', async () => {
    const { id: callId } = await prisma().call.findFirstOrThrow({ where: { messageId, source: 'replay' } })
    const entry = { action: 'message.replay', subject: 'message', target: messageId }
    await recordAudit(prisma(), ctx, { ...entry, data: { callId: newId(), note: 'tried in vain' } })
    await recordAudit(prisma(), ctx, { ...entry, data: { callId, note: '账号池已补充' } })
    const draft = await draftPartnerMail({ ctx, input: { messageId } })
    expect(draft.zh).toContain('处理说明：账号池已补充')
    const given = await draftPartnerMail({ ctx, input: { messageId, fixed: 'Disk full' } })
    expect(given.en).toContain('What was done: Disk full')
  })

  it('is for operators and messages that exist', async () => {
    await expect(draftPartnerMail({ ctx: viewer, input: { messageId } })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(draftPartnerMail({ ctx, input: { messageId: newId() } })).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('recordNotice', () => {
  it('sends the mail in both languages and records it', async () => {
    const sent = await record()
    expect(sent).toEqual({ id: expect.any(String), state: 'sent' })
    expect(received).toHaveLength(1)
    const [mail] = received as [Received]
    expect(mail).toMatchObject({ from: 'desk@seller.example', to: ['partner@huaweicloud.com'] })
    expect(mail.source).toContain(`Message-ID: <${sent.id}@seller.example>`)
    const body = Buffer.from(
      mail.source
        .split(/\r?\n\r?\n/)
        .slice(1)
        .join(''),
      'base64',
    ).toString()
    expect(body).toContain('您好：已修复。')
    expect(body).toContain('Repaired.')
    expect(await stored(sent.id)).toMatchObject({
      messageId,
      kind: 'partner-mail',
      state: 'sent',
      recipient: 'partner@huaweicloud.com',
      subject: letter.subject,
      createdBy: 'ops@example.com',
      error: null,
      sentAt: expect.any(Date),
    })
    const audit = await prisma().auditEntry.findMany({ where: { target: messageId } })
    expect(audit).toMatchObject([{ action: 'notice.send', actor: 'ops@example.com', data: { noticeId: sent.id } }])
  })

  it('records a copied mail without sending it, also when mail is not set up', async () => {
    setMail({ off: true })
    expect(mailConfigured()).toBe(false)
    await expect(record()).rejects.toMatchObject({ code: 'conflict', field: 'send' })
    const copied = await record({ send: false })
    expect(copied.state).toBe('copied')
    expect(await stored(copied.id)).toMatchObject({ state: 'copied', sentAt: null })
    expect(received).toHaveLength(0)
  })

  it.each([
    ['does not know the password', () => setMail({ password: 'S3cret-wrong' }), /did not accept the user name/],
    [
      'does not know the recipient',
      () => {
        refuseRecipients = true
      },
      /did not accept the sender or the recipient.*mailbox unknown/,
    ],
    ['is not there', () => setMail({ port: 1 }), /127\.0\.0\.1:1 (refused|cannot be reached)/],
  ])('keeps the mail as failed when the server %s', async (_name, prepare, message) => {
    prepare()
    const failed = await record()
    expect(failed).toMatchObject({ state: 'failed', error: expect.stringMatching(message) })
    expect(failed.error).not.toContain('S3cret')
    expect(await stored(failed.id)).toMatchObject({ state: 'failed', error: failed.error, sentAt: null })
  })

  it('gives up on a server that says nothing', async () => {
    const silent = net.createServer((socket) => void socket.resume())
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done))
    setMail({ port: (silent.address() as AddressInfo).port })
    const failed = await record()
    expect(failed).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/did not answer in time|cannot be reached/),
    })
    await new Promise((done) => silent.close(done))
  }, 18_000)

  it.each([
    ['another recipient', { to: 'someone@example.com' }, 'to'],
    ['a subject of two lines', { subject: 'a\r\nBcc: b@example.com' }, 'subject'],
    ['no Chinese text', { zh: ' ' }, 'zh'],
    ['no English text', { en: '' }, 'en'],
    ['too long a text', { en: 'x'.repeat(20_001) }, 'en'],
    ['an unknown member', { cc: 'b@example.com' }, 'cc'],
  ])('refuses %s', async (_name, more, field) => {
    await expect(record(more)).rejects.toMatchObject({ code: 'invalid', field })
    expect(await prisma().notice.count({ where: { messageId } })).toBe(0)
    expect(received).toHaveLength(0)
  })

  it('is for operators and messages that exist', async () => {
    const input = { messageId, ...letter, send: true }
    await expect(recordNotice({ ctx: viewer, input })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(record({ messageId: newId() })).rejects.toMatchObject({ code: 'not-found' })
    expect(received).toHaveLength(0)
  })
})

it('is sent by a job when its sender died, and only once', async () => {
  const { id } = await record({ send: false })
  await prisma().notice.update({ where: { id }, data: { state: 'composed' } })
  const queued = `UPDATE pgboss.job SET start_after = now() - interval '1 second' WHERE name = 'send-mail'`
  const sent = await record()
  expect(await prisma().$executeRawUnsafe(queued)).toBeGreaterThan(0)
  await prisma().$executeRawUnsafe(
    `UPDATE pgboss.job SET data = jsonb_build_object('noticeId', $1::text) WHERE data->>'noticeId' <> $2`,
    id,
    sent.id,
  )
  wakeJobs('send-mail')
  await vi.waitFor(async () => expect((await stored(id)).state).toBe('sent'), 10_000)
  await vi.waitFor(async () => {
    const waiting = await prisma().$queryRaw`SELECT id FROM pgboss.job WHERE name = 'send-mail' AND state < 'completed'`
    expect(waiting).toEqual([])
  }, 10_000)
  expect(received).toHaveLength(2)
})
