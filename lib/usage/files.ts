import { createHash } from 'node:crypto'
import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { Prisma, prisma } from '@/lib/db/client'
import { fileFault, readTable, type TableRow, type TableSource } from '@/lib/files'
import { flagSchema } from '@/lib/input'
import { usageRecordCodes } from '@/lib/marketplace'
import { type Context, requireRole } from '@/lib/users/context'
import { addRecords, RECORDS_LIMIT, recordFault } from './records'
import { checkForm } from './rules'
import { fileZones } from './types'

/** A file beyond these is refused before it is read whole. */
export const FILE_BYTES = 20 * 1024 * 1024
const FILE_ROWS = 200_000
const SHOWN = 500

export const fileQuery = z.strictObject({
  name: z.string().trim().min(1).max(200).default('file').describe('of the file, for messages and the audit log'),
  zone: z.enum(fileZones).default('none').describe('how times without a zone are read; none refuses them'),
  dryRun: flagSchema.describe('only checks').optional(),
})
export type FileQuery = z.output<typeof fileQuery>

const importedRow = z.object({
  line: z.int(),
  cells: z.array(z.string()),
  status: z.enum(['created', 'unchanged', 'refused']),
  error: recordFault.optional(),
  note: z.string().optional(),
})
export const usageImport = z
  .object({
    header: z.array(z.string()),
    total: z.int(),
    created: z.int(),
    unchanged: z.int(),
    refused: z.int(),
    rows: z.array(importedRow).describe(`the first ${SHOWN} rows, and the first ${SHOWN} refused ones`),
  })
  .meta({ id: 'UsageImport' })
type ImportedRow = z.output<typeof importedRow>

/** Names a column may have, without blanks, dashes and case. */
const columns: Record<string, string[]> = {
  meteringSn: ['meteringsn', 'sn', 'number', '话单唯一标识', '唯一标识', '话单号', '话单id', '话单编号', '编号'],
  instanceId: ['instanceid', 'instance', '实例id', '实例', '实例标识'],
  beginAt: ['beginat', 'begintime', 'begin', 'start', 'starttime', '开始时间', '计量开始时间', '开始'],
  endAt: ['endat', 'endtime', 'end', '结束时间', '计量结束时间', '结束'],
  value: ['value', 'usagevalue', 'usage', 'quantity', '用量', '使用量', '用量值'],
  relatedPackageInstanceId: [
    'relatedpackageinstanceid',
    'relatepkginstance',
    'package',
    '套餐包实例id',
    '关联套餐包实例',
    '套餐包',
  ],
  code: ['code', 'errorcode', '错误码', '异常码', '异常编码', '错误编码'],
  message: ['message', 'errormsg', 'description', 'reason', '错误描述', '异常描述', '异常原因', '描述', '原因'],
  status: ['status', 'state', '状态', '话单状态', '处理状态'],
}

type Places = Partial<Record<keyof typeof columns, number>>

function placesOf(header: string[]): Places {
  const plain = header.map((name) => name.toLowerCase().replace(/[\s_\-()（）*]/g, ''))
  return Object.fromEntries(
    Object.entries(columns).flatMap(([member, names]) => {
      const at = plain.findIndex((name) => names.includes(name))
      return at < 0 ? [] : [[member, at]]
    }),
  )
}

function requireColumns(name: string, header: string[], places: Places, needed: string[]): void {
  const missing = needed.filter((member) => places[member] === undefined)
  if (missing.length === 0) return
  const named = missing.map((member) => `${member} (${columns[member]?.find((one) => /\p{Script=Han}/u.test(one))})`)
  throw fileFault('noColumn', { name, what: named.join(', '), known: header.join(', '), missing })
}

/**
 * Takes in the records of a CSV or XLSX file, row by row; `dryRun` only checks. A row without a number gets one made of
 * its content, so that the same file twice adds nothing. Operators and above; audited. Errors: 'too-large' and 'invalid'
 * for the file as a whole; a bad row is told in the answer.
 */
export async function importUsage(asked: { ctx: Context; file: TableSource; query: FileQuery; now?: Date }) {
  const { ctx, query } = asked
  requireRole(ctx, 'operator')
  const answer: z.output<typeof usageImport> = { header: [], total: 0, created: 0, unchanged: 0, refused: 0, rows: [] }
  let shownRefused = 0
  await noteBegun(ctx, 'usage.import-begin', query)
  for await (const { header, rows } of importInSteps(asked)) {
    answer.header = header
    for (const row of rows) {
      answer.total += 1
      answer[row.status] += 1
      if (answer.total <= SHOWN || (row.status === 'refused' && shownRefused < SHOWN)) answer.rows.push(row)
      if (row.status === 'refused') shownRefused += 1
    }
  }
  if (!query.dryRun) {
    const { total, created, unchanged, refused } = answer
    await prisma().$transaction((tx) =>
      recordAudit(tx, ctx, {
        action: 'usage.import',
        subject: 'usage',
        data: { name: query.name, total, created, unchanged, refused },
      }),
    )
  }
  return answer
}

/** Rows are written a thousand at a time: the audit log knows of them also when the file is never read to its end. */
async function noteBegun(ctx: Context, action: string, { name, dryRun }: FileQuery): Promise<void> {
  if (dryRun) return
  await prisma().$transaction((tx) => recordAudit(tx, ctx, { action, subject: 'usage', data: { name } }))
}

/** The refused rows of a file with their reasons, for a file that can be corrected and imported. Nothing is taken in. */
export async function importErrors(asked: { ctx: Context; file: TableSource; query: FileQuery; now?: Date }) {
  const steps = importInSteps({ ...asked, query: { ...asked.query, dryRun: true } })
  const first = await steps.next()
  const header = first.done ? [] : first.value.header
  const asRow = ({ line, cells, error }: ImportedRow) => ({
    ...Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ''])),
    '#line': line,
    '#error': error?.message ?? '',
  })
  async function* pages() {
    for (let step = first; !step.done; step = await steps.next()) {
      yield step.value.rows.filter(({ status }) => status === 'refused').map(asRow)
    }
  }
  return { columns: [...header, '#line', '#error'], pages: pages() }
}

async function* importInSteps({
  ctx,
  file,
  query,
  now = new Date(),
}: {
  ctx: Context
  file: TableSource
  query: FileQuery
  now?: Date
}): AsyncGenerator<{ header: string[]; rows: ImportedRow[] }> {
  requireRole(ctx, 'operator')
  const { name, zone, dryRun } = query
  const { header, rows } = await readTable(file, { name, maxBytes: FILE_BYTES, maxRows: FILE_ROWS })
  const places = placesOf(header)
  requireColumns(name, header, places, ['instanceId', 'beginAt', 'endAt', 'value'])
  const periods = new Map<string, string>()
  for await (const chunk of inChunks(rows, RECORDS_LIMIT)) {
    const records = chunk.map(({ cells }) => recordOf(cells, places))
    const inZone = zone === 'none' ? undefined : zone
    const results = await addRecords({ ctx, records, source: 'import', zone: inZone, dryRun, now })
    yield {
      header,
      rows: chunk.map(({ line, cells }, at) => {
        const { status, error, note } = results[at] as (typeof results)[number]
        const twice = dryRun && status === 'created' ? seenBefore(periods, records[at], line, inZone) : undefined
        if (twice) return { line, cells, status: 'refused', error: twice }
        return { line, cells, status, ...(error && { error }), ...(note && { note }) }
      }),
    }
  }
}

/** What a real import finds in the database, a dry run has to remember. */
function seenBefore(
  periods: Map<string, string>,
  record: unknown,
  line: number,
  zone: 'UTC' | 'Asia/Shanghai' | undefined,
): z.output<typeof recordFault> | undefined {
  const checked = checkForm(record, zone)
  if (!checked.ok) return
  const { instanceId, beginAt, endAt, relatedPackageInstanceId } = checked.value
  const key = `${instanceId} ${beginAt.getTime()} ${endAt.getTime()} ${relatedPackageInstanceId}`
  const first = periods.get(key)
  if (first === undefined) {
    periods.set(key, String(line))
    return
  }
  const came = `${beginAt.toISOString()} – ${endAt.toISOString()}`
  const message = `beginAt: instance "${instanceId}" has a record of ${came} in line ${first} already`
  return { field: 'beginAt', message, rule: 'same-period', came, allowed: first }
}

async function* inChunks(rows: AsyncIterable<TableRow>, size: number): AsyncGenerator<TableRow[]> {
  let chunk: TableRow[] = []
  for await (const row of rows) {
    chunk.push(row)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}

function recordOf(cells: string[], places: Places): Record<string, string> {
  const cell = (member: string) => {
    const at = places[member]
    return at === undefined ? '' : (cells[at] ?? '')
  }
  const record: Record<string, string> = { meteringSn: cell('meteringSn') }
  for (const member of ['instanceId', 'beginAt', 'endAt', 'value']) record[member] = cell(member)
  const related = cell('relatedPackageInstanceId')
  if (related) record.relatedPackageInstanceId = related
  if (!record.meteringSn) {
    const content = [record.instanceId, record.beginAt, record.endAt, related].join('\n')
    record.meteringSn = `F${createHash('sha256').update(content).digest('hex').slice(0, 40)}`
  }
  return record
}

const reconciledRow = z.object({
  line: z.int(),
  meteringSn: z.string().nullable(),
  instanceId: z.string().nullable(),
  result: z
    .enum(['rejected', 'unchanged', 'not-pushed', 'unknown'])
    .describe('rejected: it was taken for accepted until now; unchanged: rejected already, or the file calls it good'),
  code: z.string().nullable(),
})
export const usageReconciliation = z
  .object({
    total: z.int(),
    rejected: z.int(),
    unchanged: z.int(),
    notPushed: z.int(),
    unknown: z.int(),
    rows: z.array(reconciledRow).describe(`the first ${SHOWN}`),
  })
  .meta({ id: 'UsageReconciliation' })

type Listed = {
  line: number
  sn: string
  instanceId: string
  beginAt: string | null
  endAt: string | null
  code: string
  message: string
  good: boolean
}

/**
 * Takes over what the marketplace rejected later, from the list staff export under 话单管理: records are found by their
 * number, or by instance and period. `dryRun` only tells. Operators and above; audited.
 */
export async function reconcileUsage({
  ctx,
  file,
  query,
}: {
  ctx: Context
  file: TableSource
  query: FileQuery
}): Promise<z.output<typeof usageReconciliation>> {
  requireRole(ctx, 'operator')
  const { name, dryRun } = query
  const { header, rows } = await readTable(file, { name, maxBytes: FILE_BYTES, maxRows: FILE_ROWS })
  const places = placesOf(header)
  if (places.meteringSn === undefined) requireColumns(name, header, places, ['instanceId', 'beginAt', 'endAt'])
  const answer = {
    total: 0,
    rejected: 0,
    unchanged: 0,
    notPushed: 0,
    unknown: 0,
    rows: [] as z.output<typeof reconciledRow>[],
  }
  await noteBegun(ctx, 'usage.reconcile-begin', query)
  for await (const chunk of inChunks(rows, RECORDS_LIMIT)) {
    const listed = chunk.map((row) => listedOf(row, places, query.zone))
    for (const row of await takeOver(listed, dryRun ?? false)) {
      answer.total += 1
      answer[row.result === 'not-pushed' ? 'notPushed' : row.result] += 1
      if (answer.rows.length < SHOWN) answer.rows.push(row)
    }
  }
  if (!dryRun) {
    const { rows: _, ...counts } = answer
    await prisma().$transaction((tx) =>
      recordAudit(tx, ctx, { action: 'usage.reconcile', subject: 'usage', data: { name, ...counts } }),
    )
  }
  return answer
}

function listedOf({ line, cells }: TableRow, places: Places, zone: FileQuery['zone']): Listed {
  const cell = (member: string) => {
    const at = places[member]
    return at === undefined ? '' : (cells[at] ?? '')
  }
  const form = checkForm(
    {
      meteringSn: 'x',
      instanceId: cell('instanceId') || 'x',
      beginAt: cell('beginAt'),
      endAt: cell('endAt'),
      value: '1',
    },
    zone === 'none' ? 'Asia/Shanghai' : zone,
  )
  const code = /\d{1,3}$/.exec(cell('code'))?.[0].padStart(3, '0') ?? cell('code').slice(0, 64)
  return {
    line,
    sn: cell('meteringSn'),
    instanceId: cell('instanceId'),
    beginAt: form.ok ? form.value.beginAt.toISOString() : null,
    endAt: form.ok ? form.value.endAt.toISOString() : null,
    code: (usageRecordCodes as readonly string[]).includes(code) ? code : code || 'later',
    message: cell('message').slice(0, 500),
    good: /成功|正常|success|normal|accepted/i.test(cell('status')),
  }
}

async function takeOver(listed: Listed[], dryRun: boolean): Promise<z.output<typeof reconciledRow>[]> {
  const json = JSON.stringify(listed)
  return prisma().$transaction(async (tx) => {
    const found = await tx.$queryRaw<{ line: number; id: string; state: string }[]>`
      SELECT DISTINCT ON (l.line) l.line, r.id, r.state
      FROM jsonb_to_recordset(${json}::jsonb)
        AS l(line int, sn text, "instanceId" text, "beginAt" timestamptz, "endAt" timestamptz)
      JOIN usage_records r ON CASE WHEN l.sn <> '' THEN r.id = (
          SELECT id FROM usage_records s WHERE s.metering_sn = l.sn AND s.wire_sn = l.sn
          UNION ALL SELECT id FROM usage_records s WHERE s.wire_sn = l.sn AND s.wire_sn <> s.metering_sn LIMIT 1)
        ELSE r.instance_id = l."instanceId" AND r.begin_at = l."beginAt" AND r.end_at = l."endAt" END
      ORDER BY l.line, r.id DESC`
    const byLine = new Map(found.map((row) => [row.line, row]))
    const late: (Listed & { id: string })[] = []
    const rows = listed.map((row) => {
      const record = byLine.get(row.line)
      const isLate = record && !row.good && (record.state === 'accepted' || record.state === 'pushed')
      if (isLate) late.push({ ...row, id: record.id })
      const isWaiting = record?.state === 'draft' || record?.state === 'queued'
      const result = !record ? 'unknown' : isLate ? 'rejected' : isWaiting ? 'not-pushed' : 'unchanged'
      return {
        line: row.line,
        meteringSn: row.sn || null,
        instanceId: row.instanceId || null,
        result,
        code: row.code || null,
      } as const
    })
    if (!dryRun && late.length > 0) {
      await tx.$executeRaw(Prisma.sql`
        UPDATE usage_records u SET state = 'rejected', code = l.code, message = nullif(l.message, ''), wire_sn_spent = true,
          changed_at = now()
        FROM jsonb_to_recordset(${JSON.stringify(late)}::jsonb) AS l(id uuid, code text, message text)
        WHERE u.id = l.id AND u.state IN ('accepted', 'pushed')`)
    }
    return rows
  })
}
