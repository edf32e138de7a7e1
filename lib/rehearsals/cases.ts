import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { Prisma, prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'
import { caseSchema } from './run'

export const caseItem = z
  .object({
    id: z.guid(),
    name: z.string(),
    version: z.enum(['v1', 'v2']),
    activity: z.string(),
    members: z.record(z.string(), z.string()),
    productRef: z.guid().nullable(),
    productName: z.string().nullable(),
    expectCode: z.string().nullable(),
    scheduled: z.boolean(),
    createdBy: z.string(),
    lastRun: z
      .object({ id: z.guid(), at: z.iso.datetime(), good: z.boolean().nullable(), resultCode: z.string().nullable() })
      .nullable(),
  })
  .meta({ id: 'RehearsalCase' })
export type CaseItem = z.output<typeof caseItem>

type Row = Omit<CaseItem, 'lastRun'> & {
  runId: string | null
  at: Date | null
  good: boolean | null
  resultCode: string | null
}

/** Every saved case, by product and name, with its newest run. */
export async function listCases({ ctx }: { ctx: Context }): Promise<CaseItem[]> {
  requireRole(ctx, 'viewer')
  return read(Prisma.sql`true`)
}

async function read(where: Prisma.Sql): Promise<CaseItem[]> {
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT c.id, c.name, c.version, c.activity, c.members, c.product_ref AS "productRef", p.name AS "productName",
      c.expect_code AS "expectCode", c.scheduled, c.created_by AS "createdBy", r.id AS "runId", r.at, r.good,
      r.result_code AS "resultCode"
    FROM rehearsal_cases c LEFT JOIN products p ON p.id = c.product_ref
    LEFT JOIN LATERAL (
      SELECT id, at, good, result_code FROM rehearsal_runs WHERE case_id = c.id ORDER BY id DESC LIMIT 1
    ) r ON true
    WHERE ${where} ORDER BY p.name NULLS FIRST, c.name`
  return rows.map(({ runId, at, good, resultCode, ...row }) => ({
    ...row,
    lastRun: runId && at ? { id: runId, at: at.toISOString(), good, resultCode } : null,
  }))
}

async function readOne(id: string): Promise<CaseItem> {
  const [found] = await read(Prisma.sql`c.id = ${id}::uuid`)
  if (!found) throw new DeskError('not-found', 'There is no such case.')
  return found
}

/** Saves a case. Operators and above; audited. Throws 'conflict' for a name that is taken. */
export async function createCase({ ctx, input }: { ctx: Context; input: unknown }): Promise<CaseItem> {
  requireRole(ctx, 'operator')
  const data = parseInput(caseSchema, input)
  const id = newId()
  await prisma().$transaction(async (tx) => {
    await requireFree(tx, data.name, null)
    await tx.rehearsalCase.create({ data: { id, ...data, createdBy: ctx.actor.name, createdAt: new Date() } })
    await audit(tx, ctx, 'rehearsal.create-case', id, data.name)
  })
  return readOne(id)
}

/** Replaces a case. Operators and above; audited. */
export async function updateCase({
  ctx,
  input: { id, ...given },
}: {
  ctx: Context
  input: { id: string; [member: string]: unknown }
}): Promise<CaseItem> {
  requireRole(ctx, 'operator')
  const data = parseInput(caseSchema, given)
  await readOne(id)
  await prisma().$transaction(async (tx) => {
    await requireFree(tx, data.name, id)
    await tx.rehearsalCase.update({ where: { id }, data })
    await audit(tx, ctx, 'rehearsal.change-case', id, data.name)
  })
  return readOne(id)
}

/** Deletes a case; its runs stay. Operators and above; audited. */
export async function deleteCase({ ctx, input: { id } }: { ctx: Context; input: { id: string } }): Promise<CaseItem> {
  requireRole(ctx, 'operator')
  const found = await readOne(id)
  await prisma().$transaction(async (tx) => {
    await tx.rehearsalCase.deleteMany({ where: { id } })
    await audit(tx, ctx, 'rehearsal.delete-case', id, found.name)
  })
  return found
}

async function requireFree(tx: Tx, name: string, except: string | null): Promise<void> {
  const taken = await tx.rehearsalCase.findUnique({ where: { name } })
  if (taken && taken.id !== except)
    throw new DeskError('conflict', `There is a case called ${name} already.`, { field: 'name' })
}

function audit(tx: Tx, ctx: Context, action: string, target: string, name: string): Promise<void> {
  return recordAudit(tx, ctx, { action, subject: 'rehearsal', target, data: { name } })
}

/**
 * Saves the usual cases of a product, those that are not there yet: a purchase of its own order, a query and a renewal of
 * what it opened. They may run for ever: repeats change nothing. Operators and above.
 */
export async function createUsualCases({
  ctx,
  input,
}: {
  ctx: Context
  input: { productRef: string; version: 'v1' | 'v2' }
}): Promise<CaseItem[]> {
  requireRole(ctx, 'operator')
  const product = await prisma().product.findUnique({ where: { id: input.productRef } })
  if (!product) throw new DeskError('not-found', 'There is no such product.', { field: 'productRef' })
  const orderId = `REHEARSAL${product.id.slice(-12).toUpperCase()}`
  const usual = [
    { activity: 'newInstance', members: { orderId } },
    { activity: 'queryInstance', members: {} },
    { activity: 'refreshInstance', members: { orderId: `${orderId}R` } },
  ]
  const known = new Set((await listCases({ ctx })).map(({ name }) => name))
  const made: CaseItem[] = []
  for (const { activity, members } of usual) {
    const name = `${product.name} · ${input.version} · ${activity}`.slice(0, 100)
    if (known.has(name)) continue
    const { version, productRef } = input
    made.push(await createCase({ ctx, input: { name, version, activity, members, productRef } }))
  }
  return made
}
