import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { type Catalog, refreshCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import { newId } from '@/lib/db/ids'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { findLicense, licenseFacts } from '@/lib/licenses'
import type { LicenseCommand } from '@/lib/marketplace'
import { type Context, requireRole } from '@/lib/users/context'
import { type Done, executeGroup, type Work } from './execute'
import { openPayload } from './payload'
import { finishDelivery, parse, perform, writerOf } from './receive'
import { type Recognised, recognise, sentAtOfV1 } from './recognise'
import { messageStates, type StoredRequest } from './types'

/**
 * Members that replace those of the stored request: `query` those of a call with parameters, `body` those of one with a
 * body, any other by its own name those of either. A member set to null is left out.
 */
const payloadSchema = z
  .object({
    query: z.record(z.string().max(100), z.string().max(4096).nullable()).optional(),
    body: z.record(z.string().max(100), z.unknown()).optional(),
  })
  .catchall(z.unknown())

export const replaySchema = z.object({
  messageId: z.uuid(),
  note: z.string().trim().max(2000).optional(),
  payload: payloadSchema.optional(),
  dryRun: z.boolean().optional(),
  /** what whoever asks has seen; when the message has another state by now, nothing is done */
  seenState: z.enum(messageStates).optional(),
})

export type Change = { field: string; from: unknown; to: unknown }
export type ReplayResult = { replayId: string | null; resultCode: string; resultMsg: string; changes: Change[] }

const DELIVERY_MS = 20_000

/**
 * Runs the newest call of a message again, with today's code and configuration, the marketplace's own time of the
 * call (so the ordering guard holds) and, if given, an edited payload. Writes a call of its own; the original's record
 * stays as it is. A dry run answers what would change and changes nothing. Operators and above; audited.
 */
export async function replayMessage({
  ctx,
  input,
}: {
  ctx: Context
  input: z.input<typeof replaySchema>
}): Promise<ReplayResult> {
  requireRole(ctx, 'operator')
  const { messageId, note, payload, dryRun, seenState } = parseInput(replaySchema, input)
  if (seenState) await requireState(messageId, seenState)
  const config = await refreshCatalog()
  const work = await workOfMessage(messageId, config, ctx.actor.name, payload)
  if (dryRun) return dryRunOf(work)
  const before = await snapshot(work)
  work.audit = (tx, { answer }) =>
    recordAudit(tx, ctx, {
      action: 'message.replay',
      subject: 'message',
      target: messageId,
      data: { callId: work.callId, resultCode: answer.code, edited: Boolean(payload), ...(note ? { note } : {}) },
    })
  const done = await runAgain(work, config)
  const { instanceId } = done.decision
  const after = (await licenseOf(work, prisma())) ?? (instanceId ? await instanceFacts(instanceId) : null)
  return resultOf(done, done.callId, done.decision.changes ?? difference(before, after))
}

async function requireState(messageId: string, seen: string): Promise<void> {
  const message = await prisma().message.findUnique({ where: { id: messageId } })
  if (!message || message.state === seen) return
  const { state, attempts, resultCode, lastAt, closedAt, resolvedBy } = message
  throw new DeskError('conflict', `This message is ${state} by now, not ${seen}; nothing was done.`, {
    details: { state, attempts, resultCode, lastAt, closedAt, resolvedBy },
  })
}

/** Executes a replay and, where its delivery needs the world outside, waits for that. */
export async function runAgain(work: Work, config: Catalog): Promise<Done> {
  const done = await perform(work, config)
  if (!done.decision.awaits) return done
  const final = await finishDelivery(work, done, config, done.decision.awaits, Date.now() + DELIVERY_MS)
  return { ...done, answer: final ?? done.answer }
}

class Undo extends Error {
  constructor(
    readonly done: Done,
    readonly changes: Change[],
  ) {
    super('a dry run is undone')
  }
}

// The whole call runs for real inside a transaction that is rolled back: what is shown is what would happen.
async function dryRunOf(work: Work): Promise<ReplayResult> {
  const before = await snapshot(work)
  try {
    await prisma().$transaction(
      async (tx) => {
        const [done] = await executeGroup(tx, [work])
        const instanceId = done?.decision.instanceId
        const row = instanceId ? await tx.instance.findUnique({ where: { instanceId }, omit: hidden }) : null
        const license = await licenseOf(work, tx)
        throw new Undo(done as Done, done?.decision.changes ?? difference(before, license ?? row))
      },
      { timeout: 5000 },
    )
  } catch (error) {
    if (error instanceof Undo) return resultOf(error.done, null, error.changes)
    throw error
  }
  throw new Error('a dry run came to an end it must not have')
}

function resultOf(done: Done, replayId: string | null, changes: Change[]): ReplayResult {
  const { resultCode, resultMsg } = JSON.parse(done.answer.body) as { resultCode: string; resultMsg: string }
  return { replayId, resultCode, resultMsg, changes }
}

/** The stored call of a message as work to be done again. */
export async function workOfMessage(
  messageId: string,
  config: Catalog,
  actor: string,
  payload?: z.output<typeof payloadSchema>,
): Promise<Work> {
  const message = await prisma().message.findUnique({ where: { id: messageId } })
  if (!message) throw new DeskError('not-found', `No message ${messageId}.`)
  const call = await prisma().call.findUnique({ where: { id: message.lastCallId } })
  if (!call || call.payload.length === 0)
    throw new DeskError('conflict', 'The call of this message is older than the retention; it cannot be replayed.')
  const stored = openPayload(call.payload)
  const request = payload ? edited(stored.request, payload) : stored.request
  const recognised = recognise(rawOf(request, call.receivedAt))
  if (!recognised.ok) throw new DeskError('invalid', recognised.error.message, { field: recognised.error.field })
  const asked = parse(recognised.value)
  if (payload) checkSubject(message, recognised.value, asked)
  const key = keyOf(config, recognised.value, call.credentialId)
  return {
    callId: newId(),
    receivedAt: new Date(),
    sentAt: sentAtOf(recognised.value, call.receivedAt),
    startedAt: performance.now(),
    protocol: recognised.value.protocol,
    activity: recognised.value.activity,
    source: 'replay',
    asked,
    hints: recognised.value.hints,
    request,
    signature: null,
    nonce: null,
    key,
    replayOf: call.id,
    actor,
    messageKey: message.key,
    write: writerOf(recognised.value, key),
  }
}

// A message is about one activity, real or a test; what could not be read may become either.
function checkSubject(
  message: { key: string; activity: string; test: boolean },
  call: Recognised,
  asked: Work['asked'],
) {
  if (message.key.includes('unreadable:')) return
  const part = call.v1 ? 'query' : 'body'
  const refuse = (field: string, must: string) =>
    new DeskError('invalid', `payload.${part}.${field}: a replay of this message must ${must}`, {
      field: `payload.${part}.${field}`,
    })
  if (call.activity !== message.activity) throw refuse('activity', `stay ${message.activity}`)
  if (asked.ok && asked.value.test !== message.test)
    throw refuse('testFlag', message.test ? 'stay a test' : 'not become a test')
}

function rawOf(request: StoredRequest, receivedAt: Date) {
  return { ...request, body: Buffer.from(request.body), receivedAt: receivedAt.getTime() }
}

// A V2 call carries its time in the query, within 60 s of its receipt; V1 in a parameter.
function sentAtOf(call: Recognised, receivedAt: Date): Date {
  if (call.v1) return sentAtOfV1((call.value as Record<string, unknown>).timeStamp, call.protocol, receivedAt)
  const timestamp = call.query.timestamp ?? call.request.headers['x-timestamp'] ?? ''
  const ms = timestamp.length === 10 ? Number(timestamp) * 1000 : Number(timestamp)
  return Number.isFinite(ms) && ms > 0 && ms < receivedAt.getTime() ? new Date(ms) : receivedAt
}

function edited(request: StoredRequest, payload: z.output<typeof payloadSchema>): StoredRequest {
  const { query, body, ...members } = payload
  if (request.method === 'GET') {
    if (body)
      throw new DeskError('invalid', 'payload.body: this call has parameters, no body', { field: 'payload.body' })
    const parameters = new URLSearchParams(request.query)
    for (const [name, value] of Object.entries({ ...members, ...query })) {
      if (value === null) parameters.delete(name)
      else if (typeof value === 'object')
        throw new DeskError('invalid', `payload.${name}: a parameter is a text`, { field: `payload.${name}` })
      else parameters.set(name, String(value))
    }
    return { ...request, query: parameters.toString() }
  }
  if (query)
    throw new DeskError('invalid', 'payload.query: this call has a body, no parameters', { field: 'payload.query' })
  const sent = JSON.parse(request.body.replace(/^\ufeff/, '')) as Record<string, unknown>
  for (const [name, value] of Object.entries({ ...members, ...body })) {
    if (value === null) delete sent[name]
    else sent[name] = value
  }
  return { ...request, body: JSON.stringify(sent) }
}

/** The key the answer of a replay is written with: the original's while it is there, else the newest. */
function keyOf(config: Catalog, call: Recognised, credentialId: string | null): string {
  const original = config.credentials.find((credential) => credential.id === credentialId)
  if (original) return original.secret
  for (const kind of call.keyKinds) {
    const [newest] = config.active(kind)
    if (newest) return newest.secret
  }
  throw new DeskError('conflict', `No ${call.keyKinds[0]} key is active; add one under Settings before replaying.`)
}

const hidden = { appInfo: true, version: true, lastCallAt: true, purchaseKey: true } as const
type Facts = Record<string, unknown> | null

async function instanceFacts(instanceId: string): Promise<Facts> {
  return prisma().instance.findUnique({ where: { instanceId }, omit: hidden })
}

async function snapshot(work: Work): Promise<Facts> {
  if (!work.asked.ok) return null
  const command = work.asked.value
  if (work.protocol === 'license') return licenseOf(work, prisma())
  if ('instanceId' in command) return command.instanceId ? instanceFacts(command.instanceId) : null
  if (command.activity !== 'newInstance') return null
  const { orderId, orderLineId, test } = command
  return prisma().instance.findFirst({ where: { orderId, orderLineId, test }, omit: hidden })
}

async function licenseOf(work: Work, tx: RawTx): Promise<Facts> {
  if (!work.asked.ok || work.protocol !== 'license') return null
  return licenseFacts(await findLicense(tx, work.asked.value as LicenseCommand))
}

function difference(before: Facts, after: Facts): Change[] {
  if (!after) return []
  return Object.entries(after).flatMap(([field, to]) => {
    const from = before?.[field] ?? null
    return JSON.stringify(from) === JSON.stringify(to ?? null) ? [] : [{ field, from, to }]
  })
}
