import { createHash } from 'node:crypto'
import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { Prisma, prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { allOf, anyOf, countUpTo, startsWith } from '@/lib/db/where'
import { DeskError } from '@/lib/errors'
import { fileFault, readTable } from '@/lib/files'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { enqueueMany } from '@/lib/jobs'
import { type Context, requireRole } from '@/lib/users/context'
import { importFields, type Layout, readLayout } from './columns'
import { type FileRow, type MatchedRow, matchRows, missingFrom, type RowResult, rowResults } from './match'

export const IMPORT_BYTES = 20 * 1024 * 1024
const IMPORT_ROWS = 20_000
const HEADING_WITHIN = 20
const CHUNK = 1000

const time = z.iso.datetime().describe('ISO 8601, UTC')

export const importItem = z
  .object({
    id: z.guid(),
    kind: z.enum(['transactions', 'bill']),
    fileName: z.string(),
    columns: z.record(z.string(), z.string()).describe('recognised field → its heading in the file'),
    ignored: z.array(z.string()).describe('headings nobody recognised; their cells are not kept'),
    rows: z.int(),
    counts: z.object(Object.fromEntries(rowResults.map((result) => [result, z.int()])) as Record<RowResult, z.ZodInt>),
    createdBy: z.string(),
    createdAt: time,
    matchedAt: time,
  })
  .meta({ id: 'OrderImport', description: "A file of the console's transaction details or bills." })
export type ImportItem = z.output<typeof importItem>

export const importRow = z
  .object({
    position: z.int().describe('the line in the file; what the file lacks comes after its rows'),
    orderId: z.string().nullable(),
    orderLineId: z.string().nullable(),
    instanceId: z.string().nullable(),
    facts: z.record(z.string(), z.string()),
    result: z
      .enum(rowResults)
      .describe(
        'matched; differs; no-order: neither the order nor a call is known here; no-call: the order is known, but nobody ' +
          'called about it; missing: the desk has it and the file does not; unreadable: no order id',
      ),
    differences: z.array(z.object({ field: z.string(), file: z.string().nullable(), desk: z.string().nullable() })),
  })
  .meta({ id: 'OrderImportRow' })
export type ImportRow = z.output<typeof importRow>

export const importQuery = z.strictObject(pageQuery)
export const importRowQuery = z.strictObject({
  result: z.enum(rowResults).optional(),
  q: z.string().trim().min(1).max(64).optional().describe('the start of an order, line or instance id'),
  ...pageQuery,
})

export const importFileSchema = z.strictObject({
  name: z.string().trim().min(1).max(200).default('orders.csv').describe('the name of the file'),
})

/**
 * Reads a file of transaction details or bills (CSV or XLSX, at most 20 MiB and 20,000 rows), finds what its rows are
 * about and keeps both. Columns may stand in any order, in Chinese or English; rows above the headings are passed over.
 * Operators and above; audited. Throws 'invalid' for a file without an order column, 'conflict' for one imported before.
 */
export async function importOrders({
  ctx,
  input: { name, file },
}: {
  ctx: Context
  input: { name: string; file: AsyncIterable<Uint8Array> }
}): Promise<ImportItem> {
  requireRole(ctx, 'operator')
  const hash = createHash('sha256')
  const { layout, rows } = await readRows(hashed(file, hash), name)
  const digest = hash.digest('hex')
  const known = await prisma().orderImport.findUnique({ where: { hash: digest } })
  if (known)
    throw new DeskError(
      'conflict',
      `This very file was imported on ${known.createdAt.toISOString()} as ${known.fileName}.`,
      {
        details: { importId: known.id },
      },
    )
  const kind =
    layout.columns.income || (layout.columns.billPeriod && !layout.columns.createdAt) ? 'bill' : 'transactions'
  const matched = await matchFile(kind, rows)
  const id = newId()
  const now = new Date()
  await prisma().$transaction(
    async (tx) => {
      await tx.orderImport.create({
        data: {
          id,
          kind,
          fileName: name,
          hash: digest,
          columns: Object.fromEntries(Object.entries(layout.columns).map(([field, { heading }]) => [field, heading])),
          ignored: layout.ignored,
          counts: countsOf(matched),
          rows: rows.length,
          createdBy: ctx.actor.name,
          createdAt: now,
          matchedAt: now,
        },
      })
      await writeRows(tx, id, matched)
      const data = { file: name, rows: rows.length, kind }
      await recordAudit(tx, ctx, { action: 'order.import', subject: 'order', target: id, data })
    },
    { timeout: 60_000 },
  )
  return getImport({ ctx, input: { id } })
}

async function* hashed(file: AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>) {
  for await (const chunk of file) {
    hash.update(chunk)
    yield chunk
  }
}

async function readRows(file: AsyncIterable<Uint8Array>, name: string): Promise<{ layout: Layout; rows: FileRow[] }> {
  const table = await readTable(file, { name, maxBytes: IMPORT_BYTES, maxRows: IMPORT_ROWS })
  let layout = readLayout(table.header)
  let passed = 0
  const isHeading = () => Boolean(layout.columns.orderId ?? layout.columns.orderLineId)
  const rows: FileRow[] = []
  for await (const { line, cells } of table.rows) {
    if (!isHeading() && ++passed < HEADING_WITHIN) {
      layout = readLayout(cells)
      continue
    }
    const facts: FileRow['facts'] = {}
    for (const field of importFields) {
      const column = layout.columns[field]
      const cell = column ? cells[column.at] : undefined
      if (cell && cell !== '-' && cell !== '--') facts[field] = cell.slice(0, 400)
    }
    if (Object.keys(facts).length > 0) rows.push({ position: line, facts })
  }
  if (!isHeading()) {
    throw fileFault('noColumn', { name, what: '订单号 (Order ID)', known: table.header.join(', ').slice(0, 400) })
  }
  if (rows.length === 0) throw fileFault('headingsOnly', { name })
  return { layout, rows }
}

async function matchFile(kind: string, rows: FileRow[]): Promise<MatchedRow[]> {
  const matched = await matchRows(rows)
  return kind === 'transactions' ? [...matched, ...(await missingFrom(rows))] : matched
}

function countsOf(rows: MatchedRow[]): Record<RowResult, number> {
  const counts = Object.fromEntries(rowResults.map((result) => [result, 0])) as Record<RowResult, number>
  for (const { result } of rows) counts[result] += 1
  return counts
}

async function writeRows(tx: Tx, importId: string, rows: MatchedRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += CHUNK) {
    await tx.orderImportRow.createMany({ data: rows.slice(at, at + CHUNK).map((row) => ({ importId, ...row })) })
  }
}

/** Matches the rows of an import again, with what the desk knows by now. Operators and above. */
export async function matchAgain({ ctx, input }: { ctx: Context; input: { id: string } }): Promise<ImportItem> {
  requireRole(ctx, 'operator')
  const { id } = input
  const { kind } = await getImport({ ctx, input })
  const stored = await prisma().orderImportRow.findMany({
    where: { importId: id, result: { not: 'missing' } },
    orderBy: { position: 'asc' },
    select: { position: true, facts: true },
  })
  const matched = await matchFile(
    kind,
    stored.map(({ position, facts }) => ({ position, facts: facts as FileRow['facts'] })),
  )
  await prisma().$transaction(
    async (tx) => {
      await tx.$executeRaw`SELECT 1 FROM order_imports WHERE id = ${id}::uuid FOR UPDATE`
      await tx.orderImportRow.deleteMany({ where: { importId: id } })
      await writeRows(tx, id, matched)
      await tx.orderImport.update({ where: { id }, data: { counts: countsOf(matched), matchedAt: new Date() } })
    },
    { timeout: 60_000 },
  )
  return getImport({ ctx, input })
}

const FETCH_LIMIT = 200

/** Asks the marketplace, in the background, for the orders of an import the desk does not know; at most 200 at once. */
export async function fetchImported({
  ctx,
  input,
}: {
  ctx: Context
  input: { id: string }
}): Promise<{ queued: number }> {
  requireRole(ctx, 'operator')
  await getImport({ ctx, input })
  return prisma().$transaction(async (tx) => {
    const rows = await tx.$queryRaw<{ orderId: string }[]>`
      SELECT DISTINCT order_id AS "orderId" FROM order_import_rows
      WHERE import_id = ${input.id}::uuid AND result = 'no-order' ORDER BY 1 LIMIT ${FETCH_LIMIT}`
    await enqueueMany(
      tx,
      rows.map(({ orderId }) => ({ name: 'fetch-order', data: { orderId, orderLineId: null }, key: orderId })),
    )
    const data = { orders: rows.length }
    await recordAudit(tx, ctx, { action: 'order.fetch-missing', subject: 'order', target: input.id, data })
    return { queued: rows.length }
  })
}

type ImportRecord = Omit<ImportItem, 'createdAt' | 'matchedAt'> & { createdAt: Date; matchedAt: Date }

function show(record: object): ImportItem {
  const { createdAt, matchedAt, hash: _, ...item } = record as ImportRecord & { hash: string }
  return { ...item, createdAt: createdAt.toISOString(), matchedAt: matchedAt.toISOString() }
}

/** Throws 'not-found'. */
export async function getImport({ ctx, input }: { ctx: Context; input: { id: string } }): Promise<ImportItem> {
  requireRole(ctx, 'viewer')
  const found = await prisma().orderImport.findUnique({ where: { id: input.id } })
  if (!found) throw new DeskError('not-found', 'There is no such import.')
  return show(found)
}

/** Imports, newest first. */
export async function listImports({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof importQuery>
}): Promise<Page<ImportItem>> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['id'])
  const rows = await prisma().orderImport.findMany({
    where: after ? { id: { lt: after[0] } } : {},
    orderBy: { id: 'desc' },
    take: query.limit + 1,
  })
  return cutPage(rows.map(show), query, ({ id }) => [id])
}

/** The rows of an import, in the order of the file. */
export async function listImportRows({
  ctx,
  input: { id },
  query,
}: {
  ctx: Context
  input: { id: string }
  query: z.output<typeof importRowQuery>
}): Promise<Page<ImportRow> & { total: number }> {
  await getImport({ ctx, input: { id } })
  const after = readCursor(query.cursor, query, ['number'])
  const is: Prisma.Sql[] = [Prisma.sql`import_id = ${id}::uuid`]
  if (query.result) is.push(Prisma.sql`result = ${query.result}`)
  if (query.q)
    is.push(anyOf(['order_id', 'order_line_id', 'instance_id'].map((column) => startsWith(column, query.q ?? ''))))
  const beyond = after ? [Prisma.sql`position > ${Number(after[0])}`] : []
  const [rows, total] = await Promise.all([
    prisma().$queryRaw<ImportRow[]>`
      SELECT position, order_id AS "orderId", order_line_id AS "orderLineId", instance_id AS "instanceId", facts, result,
        differences
      FROM order_import_rows WHERE ${allOf([...is, ...beyond])} ORDER BY position LIMIT ${query.limit + 1}`,
    countUpTo(Prisma.sql`order_import_rows WHERE ${allOf(is)}`),
  ])
  return { ...cutPage(rows, query, ({ position }) => [String(position)]), total }
}

export const importCsvColumns = ['position', 'result', 'differences', 'deskInstanceId', ...importFields]

/** The rows as a file has them, with what was found: for a CSV file. */
export async function* everyImportRow({
  ctx,
  id,
  result,
}: {
  ctx: Context
  id: string
  result?: RowResult
}): AsyncGenerator<Record<string, string | number | null>[]> {
  let cursor: string | undefined
  do {
    const page = await listImportRows({ ctx, input: { id }, query: { limit: 200, cursor, result } })
    yield page.items.map(({ position, result: found, differences, instanceId, facts }) => ({
      ...facts,
      position,
      result: found,
      differences: differences.map(({ field, file, desk }) => `${field}: ${file ?? ''} ≠ ${desk ?? ''}`).join('; '),
      deskInstanceId: instanceId,
    }))
    cursor = page.nextCursor ?? undefined
  } while (cursor)
}
