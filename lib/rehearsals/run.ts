import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { REHEARSAL_HEADER, rehearsalMark } from '@/lib/calls'
import { catalog } from '@/lib/catalog'
import { Prisma, prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { allOf, countUpTo } from '@/lib/db/where'
import { env } from '@/lib/env'
import { DeskError } from '@/lib/errors'
import { exchange } from '@/lib/http/guarded-fetch'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { flagSchema, parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'
import { isKit, judgeAnswer, rehearsable, signedCall, signingKinds, type Version } from './call'

/** A case that names its order means the first line of it: another line would be another purchase. */
const withLine = new Set(['newInstance', 'refreshInstance', 'releaseInstance', 'upgradeInstance', 'orderNotify'])

/** The marketplace waits 20 s for a V1 answer (zh-cn_topic_0082027567). */
const TIMEOUT_MS = 20_000

const time = z.iso.datetime().describe('ISO 8601, UTC')

const members = z
  .record(z.string().regex(/^[\w.-]{1,64}$/, 'names are letters, digits, dots and dashes'), z.string().max(4000))
  .refine((given) => Object.keys(given).length <= 50, 'has more than 50 members')

const callShape = {
  version: z.enum(['v1', 'v2']),
  activity: z.enum([...new Set([...rehearsable.v1, ...rehearsable.v2])]),
  members: members.default({}).describe('replace the usual members; `testFlag` is always 1'),
  productRef: z
    .guid()
    .nullable()
    .default(null)
    .describe('a product of the desk; its first product id and SKU are sent'),
  expectCode: z
    .string()
    .regex(/^\d{6}$/, 'must be six digits')
    .nullable()
    .default(null)
    .describe('the result code that counts as good; success or processing without one'),
}

type Called = { version: 'v1' | 'v2'; activity: string }
const fits = ({ version, activity }: Called) => (rehearsable[version] as readonly string[]).includes(activity)
const misfit = { path: ['activity'], error: 'is no activity of this version' }

const callSchema = z.strictObject(callShape).refine(fits, misfit)
export const caseSchema = z
  .strictObject({
    name: z.string().trim().min(1, 'is missing').max(100),
    scheduled: z.boolean().default(true).describe('runs by itself at the times of the schedule'),
    ...callShape,
  })
  .refine(fits, misfit)
export type RehearsedCall = z.output<typeof callSchema>

export const fireSchema = z.union([z.strictObject({ caseId: z.guid() }), callSchema])

export const runItem = z
  .object({
    id: z.guid().describe('also the id of its call, when the desk took it in'),
    caseId: z.guid().nullable(),
    name: z.string().nullable(),
    version: z.enum(['v1', 'v2']),
    activity: z.string(),
    productRef: z.guid().nullable(),
    productName: z.string().nullable(),
    slot: z.string().nullable().describe('time of the schedule in Beijing; null when fired by hand'),
    actor: z.string(),
    at: time,
    good: z.boolean().nullable().describe('the marketplace would take the answer; null while it is under way'),
    status: z.int().nullable(),
    resultCode: z.string().nullable(),
    resultMsg: z.string().nullable(),
    bodySign: z.boolean().nullable().describe('whether the answer is signed rightly; null without a signature'),
    instanceId: z.string().nullable(),
    error: z.string().nullable(),
    durationMs: z.int().nullable(),
    hasCall: z.boolean(),
  })
  .meta({ id: 'Rehearsal', description: 'One signed test call the desk fired at itself.' })
export type RunItem = z.output<typeof runItem>

type Firing = RehearsedCall & { caseId: string | null; name: string | null }

/** Fires a case or a call at the desk's own address, with `testFlag` 1. Operators and above; audited. */
export async function fireRehearsal({ ctx, input }: { ctx: Context; input: unknown }): Promise<RunItem> {
  requireRole(ctx, 'operator')
  const asked = parseInput(fireSchema, input)
  const firing = 'caseId' in asked ? await caseToFire(asked.caseId) : { ...asked, caseId: null, name: null }
  const id = newId()
  await prisma().$transaction(async (tx) => {
    await tx.rehearsalRun.create({ data: { id, ...begun(firing, ctx.actor.name, null) } })
    const data = { activity: firing.activity, version: firing.version, ...(firing.name ? { name: firing.name } : {}) }
    await recordAudit(tx, ctx, { action: 'rehearsal.fire', subject: 'rehearsal', target: id, data })
  })
  await fire(id, firing, null)
  return findRun(id)
}

async function caseToFire(caseId: string): Promise<Firing> {
  const found = await prisma().rehearsalCase.findUnique({ where: { id: caseId } })
  if (!found) throw new DeskError('not-found', 'There is no such case.')
  return firingOf(found)
}

type StoredCase = Awaited<ReturnType<ReturnType<typeof prisma>['rehearsalCase']['findUniqueOrThrow']>>

export function firingOf({ id, name, version, activity, members: given, productRef, expectCode }: StoredCase): Firing {
  return { caseId: id, name, expectCode, productRef, ...callOf({ version, activity, members: given }) }
}

function callOf(stored: { version: string; activity: string; members: unknown }) {
  const { version, activity, members: given } = stored
  return {
    version: version as Version,
    activity: activity as RehearsedCall['activity'],
    members: given as Record<string, string>,
  }
}

export function begun(firing: Firing, actor: string, slot: string | null) {
  const { caseId, name, version, activity, productRef } = firing
  return { caseId, name, version, activity, productRef, slot, actor, at: new Date() }
}

/**
 * Sends the call of a run that is written down and writes down what came. `instanceId`: the one a purchase just opened,
 * for calls that name none. Answers the instance id of the answer.
 */
export async function fire(id: string, firing: Firing, instanceId: string | null): Promise<string | null> {
  const config = await catalog()
  const kinds = signingKinds(firing.activity)
  const [credential] = kinds.flatMap((kind) => config.active(kind))
  if (!credential) {
    await end(id, { good: false, error: `There is no active ${kinds[0]} key to sign with; add one first.` })
    return null
  }
  const product = config.products.find((one) => one.id === firing.productRef)
  const defaults = {
    instanceId: instanceId ?? (await newestTestInstance(firing.productRef)) ?? 'huaiweitest123456',
    productId: product?.productIds[0] ?? '00301-666666-0--0',
    skuCode: product?.skuCodes[0] ?? 'rehearsal-sku',
  }
  const { orderId } = firing.members
  const set = {
    ...(product && firing.activity === 'newInstance' ? { productId: defaults.productId } : {}),
    ...(orderId && firing.version === 'v2' && withLine.has(firing.activity)
      ? { orderLineId: `${orderId}-000001` }
      : {}),
    ...firing.members,
  }
  const call = signedCall({
    activity: firing.activity,
    version: firing.version,
    // The kit's is a number (zh-cn_topic_0070649433), and there already.
    set: isKit(firing.activity) ? omitTestFlag(set) : { ...set, testFlag: '1' },
    defaults,
    key: credential.secret,
    to: `${env().deskUrl}/api/produce`,
    now: new Date(),
  })
  const began = performance.now()
  const { method, url, headers, body } = call
  const marked = { ...headers, [REHEARSAL_HEADER]: rehearsalMark(id) }
  const sent = await exchange(
    new URL(url),
    { method, headers: marked, ...(method === 'POST' ? { body } : {}), timeoutMs: TIMEOUT_MS },
    { agent: false },
  )
  const durationMs = Math.round(performance.now() - began)
  if (!sent.ok) {
    await end(id, { good: false, error: sent.error.message, durationMs })
    return null
  }
  const answer = { status: sent.value.status, bodySign: sent.value.headers['body-sign'] ?? null, body: sent.value.body }
  const judged = judgeAnswer(call, answer, credential.secret)
  const signed = method === 'GET' ? judged.bodySign === true : judged.bodySign !== false
  const told = readAnswer(answer.body)
  const good = firing.expectCode
    ? answer.status === 200 && signed && judged.resultCode === firing.expectCode
    : judged.good
  await end(id, {
    good,
    status: answer.status,
    resultCode: judged.resultCode,
    resultMsg: told.resultMsg,
    bodySign: judged.bodySign,
    instanceId: told.instanceId,
    durationMs,
    error: good || signed ? null : 'the Body-Sign of the answer does not verify',
  })
  return told.instanceId
}

function omitTestFlag({ testFlag: _, ...set }: Record<string, string>): Record<string, string> {
  return set
}

async function end(id: string, outcome: Prisma.RehearsalRunUpdateInput): Promise<void> {
  await prisma().rehearsalRun.update({ where: { id }, data: outcome })
}

/**
 * Runs a stop of the desk cut short: they failed for no fault of the product, so they count for no day and their case runs
 * again while its time lasts.
 */
export async function closeInterrupted(now: number): Promise<void> {
  await prisma().rehearsalRun.updateMany({
    where: { good: null, at: { lt: new Date(now - 3 * TIMEOUT_MS) } },
    data: { good: false, slot: null, error: 'The desk was stopped before the answer came.' },
  })
}

async function newestTestInstance(productRef: string | null): Promise<string | null> {
  const instance = await prisma().instance.findFirst({
    where: { test: true, state: { not: 'released' }, ...(productRef ? { productRef } : {}) },
    orderBy: { createdAt: 'desc' },
    select: { instanceId: true },
  })
  return instance?.instanceId ?? null
}

function readAnswer(body: string): { resultMsg: string | null; instanceId: string | null } {
  try {
    const { resultMsg, instanceId } = JSON.parse(body) as Record<string, unknown>
    const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 500) : null)
    return { resultMsg: text(resultMsg), instanceId: text(instanceId)?.slice(0, 64) ?? null }
  } catch {
    return { resultMsg: null, instanceId: null }
  }
}

export const runQuery = z.strictObject({
  caseId: z.guid().optional(),
  productRef: z.guid().optional(),
  good: flagSchema.describe('true: only good ones, false: only failed ones').optional(),
  scheduled: flagSchema.describe('true: only of the schedule, false: only by hand').optional(),
  ...pageQuery,
})

type Row = Omit<RunItem, 'at'> & { at: Date }

const columns = Prisma.raw(`
  r.id, r.case_id AS "caseId", r.name, r.version, r.activity, r.product_ref AS "productRef", p.name AS "productName", r.slot,
  r.actor, r.at, r.good, r.status, r.result_code AS "resultCode", r.result_msg AS "resultMsg", r.body_sign AS "bodySign",
  r.instance_id AS "instanceId", r.error, r.duration_ms AS "durationMs",
  EXISTS (SELECT 1 FROM calls c WHERE c.id = r.id) AS "hasCall"`)

/** Runs, newest first. */
export async function listRuns({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof runQuery>
}): Promise<Page<RunItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['id'])
  const is: Prisma.Sql[] = []
  if (query.caseId) is.push(Prisma.sql`r.case_id = ${query.caseId}::uuid`)
  if (query.productRef) is.push(Prisma.sql`r.product_ref = ${query.productRef}::uuid`)
  if (query.good !== undefined) is.push(Prisma.sql`r.good = ${query.good}`)
  if (query.scheduled !== undefined) is.push(Prisma.sql`(r.slot IS NOT NULL) = ${query.scheduled}`)
  const beyond = after ? [Prisma.sql`r.id < ${after[0]}::uuid`] : []
  const [rows, total] = await Promise.all([
    prisma().$queryRaw<Row[]>`
      SELECT ${columns} FROM rehearsal_runs r LEFT JOIN products p ON p.id = r.product_ref
      WHERE ${allOf([...is, ...beyond])} ORDER BY r.id DESC LIMIT ${query.limit + 1}`,
    countUpTo(Prisma.sql`rehearsal_runs r WHERE ${allOf(is)}`),
  ])
  return { ...cutPage(rows.map(show), query, ({ id }) => [id]), total }
}

/** Throws 'not-found'. */
export async function findRun(id: string): Promise<RunItem> {
  const [row] = await prisma().$queryRaw<Row[]>`
    SELECT ${columns} FROM rehearsal_runs r LEFT JOIN products p ON p.id = r.product_ref WHERE r.id = ${id}::uuid`
  if (!row) throw new DeskError('not-found', 'There is no such rehearsal.')
  return show(row)
}

function show(row: Row): RunItem {
  return { ...row, at: row.at.toISOString() }
}
