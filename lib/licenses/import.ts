import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { type Catalog, refreshCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { fileFault, readTable, type TableSource } from '@/lib/files'
import { parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'
import { codeSchema } from './code-actions'
import { productFor } from './issue'
import { applyFacts, hintOf, lockLicenses, type NewLicense, openLicense, requestKeys } from './store'
import { TEXT_LIMIT } from './webhook'

const id = z
  .string()
  .trim()
  .max(128)
  .regex(/^\P{C}*$/u, 'holds a control character')
  .nullish()
  .transform((text) => text || null)
const time = z
  .union([z.iso.datetime({ offset: true }), z.literal('')], { error: 'must be a time in ISO 8601' })
  .nullish()
  .transform((text) => (text ? new Date(text).toISOString() : null))

/** A licence somebody knows of: an activation code, or a text sold before the desk was there. */
export const knownLicense = z.strictObject({
  license: z.string().trim().min(1, 'is missing').max(TEXT_LIMIT),
  kind: z
    .enum(['license-code', 'license-id', ''])
    .nullish()
    .transform((kind) => kind || null)
    .describe('that of the product when left out, else license-code'),
  orderId: id,
  orderLineId: id,
  productId: id,
  instanceId: id.describe('by which the marketplace knows a licence text'),
  customerId: id,
  customerName: id,
  activatedAt: time,
  expiresAt: time,
})

export const addLicensesSchema = z.strictObject({ licenses: z.array(knownLicense).min(1).max(1000) })

export const importResult = z.object({
  rows: z.int(),
  added: z.int().describe('with dryRun: would be added'),
  duplicates: z.int().describe('known already; nothing of them is changed'),
  errors: z.array(z.object({ row: z.int(), message: z.string() })),
})
type ImportResult = z.output<typeof importResult>

const BYTE_LIMIT = 5 * 1024 * 1024
const ROW_LIMIT = 10_000

type Known = z.output<typeof knownLicense>
type Row = { row: number; value: Known }

/** Makes licences known, at most 1000. Operators and above; audited. */
export async function addLicenses({ ctx, input }: { ctx: Context; input: unknown }): Promise<ImportResult> {
  requireRole(ctx, 'operator')
  const { licenses } = parseInput(addLicensesSchema, input)
  const rows = licenses.map((value, index) => ({ row: index + 1, value }))
  return store(ctx, rows, [], false)
}

/** The same from a CSV or XLSX file with the same columns; good rows are added, bad ones told. Operators and above; audited. */
export async function importLicenses({
  ctx,
  input: { file, dryRun },
}: {
  ctx: Context
  input: { file: TableSource; dryRun: boolean }
}): Promise<ImportResult> {
  requireRole(ctx, 'operator')
  const { header, rows } = await readTable(file, { name: 'file', maxBytes: BYTE_LIMIT, maxRows: ROW_LIMIT })
  const names = header.map(columnOf)
  if (!names.includes('license'))
    throw fileFault('noColumn', { name: 'file', what: 'license (授权码)', known: header.join(', ').slice(0, 400) })
  const good: Row[] = []
  const errors: ImportResult['errors'] = []
  for await (const { line, cells } of rows) {
    const read = knownLicense.safeParse(Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ''])))
    if (read.success) good.push({ row: line, value: read.data })
    else errors.push({ row: line, message: read.error.issues.map(inWords).join('; ') })
  }
  return store(ctx, good, errors, dryRun)
}

const columns: Record<string, keyof Known> = {
  license: 'license',
  licence: 'license',
  授权码: 'license',
  授权文本: 'license',
  kind: 'kind',
  orderid: 'orderId',
  订单号: 'orderId',
  orderlineid: 'orderLineId',
  订单行号: 'orderLineId',
  productid: 'productId',
  商品编码: 'productId',
  instanceid: 'instanceId',
  实例编码: 'instanceId',
  customerid: 'customerId',
  客户编码: 'customerId',
  customername: 'customerName',
  客户名称: 'customerName',
  activatedat: 'activatedAt',
  激活时间: 'activatedAt',
  expiresat: 'expiresAt',
  到期时间: 'expiresAt',
}

function columnOf(cell: string): keyof Known {
  const name = columns[cell.toLowerCase().replace(/[\s_-]/g, '')]
  if (name) return name
  const known = [...new Set(Object.values(columns))].join(', ')
  throw fileFault('unknownColumn', { name: 'file', what: cell.slice(0, 100), known })
}

function inWords(issue: z.core.$ZodIssue): string {
  return `${issue.path.join('.')}: ${issue.message}`
}

class Undo extends Error {}

async function store(
  ctx: Context,
  rows: Row[],
  errors: ImportResult['errors'],
  dryRun: boolean,
): Promise<ImportResult> {
  const catalog = await refreshCatalog()
  const result: ImportResult = { rows: rows.length + errors.length, added: 0, duplicates: 0, errors }
  const origin = { callId: null, actor: ctx.actor.name }
  try {
    await prisma().$transaction(
      async (tx) => {
        await lockLicenses(tx)
        for (const { row, value } of rows) {
          const wanted = wantedOf(value, catalog)
          if (typeof wanted === 'string') {
            errors.push({ row, message: wanted })
            continue
          }
          const { license, isNew } = await openLicense(tx, wanted, origin)
          if (!isNew) {
            result.duplicates += 1
            continue
          }
          result.added += 1
          await applyFacts(tx, license, [...factsOfImport(value, wanted)], origin)
        }
        if (dryRun) throw new Undo()
        const data = { added: result.added, duplicates: result.duplicates, refused: errors.length }
        if (result.added > 0) await recordAudit(tx, ctx, { action: 'license.import', subject: 'license', data })
      },
      { timeout: 120_000 },
    )
  } catch (error) {
    if (!(error instanceof Undo)) throw error
  }
  errors.sort((a, b) => a.row - b.row)
  return result
}

function wantedOf(value: Known, catalog: Catalog): NewLicense | string {
  const named = value.productId ? catalog.find(value.productId, null) : null
  const kind = value.kind ?? (named?.kind === 'license-id' ? 'license-id' : 'license-code')
  const product = named ?? productFor(catalog, kind, { productId: value.productId, skuCode: null })
  if (kind === 'license-code' && !codeSchema.safeParse(value.license).success)
    return 'license: an activation code has 1 to 64 characters without blanks'
  if (kind === 'license-id' && !value.orderId)
    return 'orderId: is missing; a licence text is found again by its purchase order'
  const { orderId, orderLineId, productId, customerId, customerName, expiresAt } = value
  const now = new Date()
  return {
    requestKey:
      kind === 'license-code' ? requestKeys.code(value.license, false) : requestKeys.order(orderId ?? '', false),
    kind,
    test: false,
    productRef: product?.id ?? null,
    ...(kind === 'license-id' && value.instanceId ? { instanceId: value.instanceId } : {}),
    content: { type: 'text', text: value.license },
    at: now,
    first: {
      type: 'known',
      occurredAt: now,
      data: {
        ...{ orderId, orderLineId, productId, customerId, customerName, expiresAt },
        via: 'import',
        hint: hintOf(value.license),
      },
    },
  }
}

function factsOfImport({ license, activatedAt }: Known, { kind, at }: NewLicense) {
  if (kind === 'license-id') {
    const hint = hintOf(license)
    return [
      { type: 'issued', key: '', occurredAt: at, data: { via: 'import', hint } },
      // Sold before the desk was there: the marketplace has it.
      { type: 'fetched', key: '', occurredAt: at, data: { via: 'import' } },
    ] as const
  }
  return activatedAt
    ? ([{ type: 'activated', key: '', occurredAt: at, data: { activatedAt, via: 'import' } }] as const)
    : []
}
