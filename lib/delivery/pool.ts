import { CsvError } from 'csv-parse'
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma, type Tx } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import { newId } from '@/lib/db/ids'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { fingerprint, seal, unseal } from '@/lib/secrets'
import { type Context, requireRole } from '@/lib/users/context'
import { type AppInfo, readAppInfo } from './app-info'

/**
 * Hands an account of the product's pool to an instance: the oldest one left, null when there is none. The same instance
 * always gets the same account; callers at the same time get different ones without waiting for each other.
 */
export async function takePoolAccount(tx: RawTx, productRef: string, instanceId: string): Promise<AppInfo | null> {
  return takeItem<AppInfo>(tx, productRef, instanceId, null)
}

/** The same for a prepared licence: one made for this identification code, else one that is for anybody. */
export async function takePoolLicense(
  tx: RawTx,
  productRef: string,
  licenseId: string,
  identificationCode: string | null,
): Promise<string | null> {
  const bound = identificationCode && boundPrint(identificationCode)
  return (await takeItem<{ license: string }>(tx, productRef, licenseId, bound))?.license ?? null
}

function boundPrint(identificationCode: string): string {
  return fingerprint('identification-code', identificationCode)
}

async function takeItem<T>(tx: RawTx, productRef: string, takenBy: string, boundTo: string | null): Promise<T | null> {
  // Two deliveries of one instance must not both find that it has none yet.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`pool:${takenBy}`}, 0))`
  const [taken] = await tx.$queryRaw<{ app_info: Uint8Array }[]>`
    SELECT app_info FROM pool_accounts WHERE taken_by = ${takenBy}`
  if (taken) return openItem<T>(taken.app_info)
  const [free] = await tx.$queryRaw<{ app_info: Uint8Array }[]>`
    UPDATE pool_accounts SET taken_by = ${takenBy}, taken_at = now()
    WHERE id = (
      SELECT id FROM pool_accounts WHERE product_ref = ${productRef}::uuid AND taken_by IS NULL
        AND (bound_to IS NULL OR bound_to = ${boundTo}::text)
      ORDER BY bound_to IS NULL, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING app_info`
  return free ? openItem<T>(free.app_info) : null
}

function openItem<T>(sealed: Uint8Array): T {
  return JSON.parse(unseal(sealed)) as T
}

/** Accounts of a product that nobody has yet. */
export function poolLeft(productRef: string): Promise<number> {
  return prisma().poolAccount.count({ where: { productRef, takenBy: null } })
}

const BYTE_LIMIT = 5 * 1024 * 1024
const ROW_LIMIT = 10_000
const CHUNK = 1000

const importSchema = z.strictObject({ productRef: z.uuid(), csv: z.string(), dryRun: z.boolean().default(false) })

export type PoolImport = {
  rows: number
  /** with `dryRun`: would be added */
  added: number
  /** the same account again, in the file or in the pool */
  duplicates: number
  /** `row` as a spreadsheet counts: the header is row 1 */
  errors: { row: number; message: string }[]
  left: number
}

/**
 * Adds accounts, or licences, from CSV text to the pool of a product. Good rows are added and bad ones reported, so that a corrected
 * file can be sent whole. At most 10,000 rows and 5 MiB. Operators and up; audited.
 */
export async function importPool({ ctx, input }: { ctx: Context; input: unknown }): Promise<PoolImport> {
  requireRole(ctx, 'operator')
  const { productRef, csv, dryRun } = parseInput(importSchema, input)
  const product = await prisma().product.findUnique({ where: { id: productRef } })
  if (!product) throw new DeskError('not-found', 'There is no such product.', { field: 'productRef' })
  if (product.deliveryType !== 'pool') {
    throw new DeskError('conflict', `${product.name} is not delivered from a pool.`, { field: 'productRef' })
  }
  const { rows, items, errors } = readItems(csv, product.kind === 'saas' ? accounts : licenses)
  const unique = new Map<string, Item>()
  for (const item of items) if (!unique.has(item.print)) unique.set(item.print, item)
  const added = await prisma().$transaction(
    async (tx) => {
      const fresh = await withoutKnown(tx, productRef, unique)
      if (dryRun || fresh.length === 0) return fresh.length
      const count = await store(tx, productRef, fresh)
      const data = { product: product.name, added: count, refused: errors.length }
      await recordAudit(tx, ctx, { action: 'pool.import', subject: 'product', target: productRef, data })
      return count
    },
    { timeout: 30_000 },
  )
  return { rows, added, duplicates: items.length - added, errors, left: await poolLeft(productRef) }
}

/** A row of a file as it goes into the pool. */
type Item = { print: string; content: object; label: string; boundTo: string | null }

async function withoutKnown(tx: Tx, productRef: string, items: Map<string, Item>) {
  const known = new Set<string>()
  for (const prints of chunks([...items.keys()])) {
    const where = { productRef, fingerprint: { in: prints } }
    for (const row of await tx.poolAccount.findMany({ where, select: { fingerprint: true } }))
      known.add(row.fingerprint)
  }
  return [...items.values()].filter(({ print }) => !known.has(print))
}

async function store(tx: Tx, productRef: string, items: Item[]): Promise<number> {
  let added = 0
  for (const chunk of chunks(items)) {
    const data = chunk.map(({ print, content, label, boundTo }) => ({
      id: newId(),
      productRef,
      fingerprint: print,
      appInfo: seal(JSON.stringify(content)),
      label,
      boundTo,
    }))
    added += (await tx.poolAccount.createMany({ data, skipDuplicates: true })).count
  }
  return added
}

// An account is its user name at its address: a second row with another password must not be given to another buyer.
function fingerprintOf({ frontEndUrl, adminUrl, userName, password, memo }: AppInfo): string {
  const identity = userName ? [frontEndUrl, userName] : [frontEndUrl, adminUrl, password, memo]
  return fingerprint('pool', JSON.stringify(identity))
}

function chunks<T>(items: T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, n) => items.slice(n * CHUNK, (n + 1) * CHUNK))
}

/** What the rows of a file hold: the columns it may have, the one it must have, and what a row becomes. */
type Form = {
  columns: Record<string, string>
  needed: string
  known: string
  read(record: Record<string, string>): { ok: true; value: Item } | { ok: false; error: { message: string } }
}

const accounts: Form = {
  columns: {
    frontendurl: 'frontEndUrl',
    前台地址: 'frontEndUrl',
    adminurl: 'adminUrl',
    管理地址: 'adminUrl',
    username: 'userName',
    账号: 'userName',
    password: 'password',
    密码: 'password',
    memo: 'memo',
    备注: 'memo',
  },
  needed: 'frontEndUrl (前台地址)',
  known: 'frontEndUrl (前台地址), adminUrl (管理地址), userName (账号), password (密码), memo (备注)',
  read(record) {
    const read = readAppInfo(record)
    if (!read.ok) return read
    const { value } = read
    const label = value.userName ?? new URL(value.frontEndUrl).host
    return { ok: true, value: { print: fingerprintOf(value), content: value, label, boundTo: null } }
  },
}

const LICENSE_LIMIT = 65_536
const CODE_LIMIT = 2048

const licenses: Form = {
  columns: {
    license: 'license',
    licence: 'license',
    授权文本: 'license',
    授权: 'license',
    identificationcode: 'identificationCode',
    识别码: 'identificationCode',
  },
  needed: 'license (授权文本)',
  known: 'license (授权文本), identificationCode (识别码)',
  read({ license = '', identificationCode = '' }) {
    const text = license.trim()
    const code = identificationCode.trim()
    const problem =
      text === ''
        ? 'license: is missing'
        : text.length > LICENSE_LIMIT
          ? `license: has more than ${LICENSE_LIMIT} characters`
          : code.length > CODE_LIMIT
            ? `identificationCode: has more than ${CODE_LIMIT} characters`
            : null
    if (problem) return { ok: false, error: { message: problem } }
    const print = fingerprint('pool-license', text)
    const boundTo = code ? boundPrint(code) : null
    return { ok: true, value: { print, content: { license: text }, label: `••••${text.slice(-4)}`, boundTo } }
  },
}

function readItems(csv: string, form: Form): Pick<PoolImport, 'rows' | 'errors'> & { items: Item[] } {
  if (Buffer.byteLength(csv) > BYTE_LIMIT)
    throw new DeskError('too-large', 'csv: has more than 5 MiB.', { field: 'csv' })
  if (csv.includes('\uFFFD') || csv.includes('\0')) throw refuse('is not UTF-8 text; save it as “CSV UTF-8”.')
  const [header, ...records] = readRecords(csv)
  const names = readHeader(header ?? [], form)
  const items: Item[] = []
  const errors: PoolImport['errors'] = []
  let rows = 0
  records.forEach((record, index) => {
    if (record.every((cell) => cell.trim() === '')) return
    if (++rows > ROW_LIMIT) throw new DeskError('too-large', 'csv: has more than 10,000 rows.', { field: 'csv' })
    const row = index + 2
    if (record.length > names.length) {
      errors.push({ row, message: `has ${record.length} columns, the header ${names.length}` })
      return
    }
    const read = form.read(Object.fromEntries(names.map((name, column) => [name, record[column] ?? ''])))
    if (read.ok) items.push(read.value)
    else errors.push({ row, message: read.error.message })
  })
  return { rows, items, errors }
}

function readRecords(csv: string): string[][] {
  const firstLine = csv.replace(/^\uFEFF/, '').split(/\r?\n/, 1)[0] ?? ''
  // Spreadsheets write what their country takes for a separator; passwords may hold any of them.
  const delimiter = [',', ';', '\t'].find((mark) => firstLine.includes(mark)) ?? ','
  try {
    return parse(csv, { bom: true, delimiter, relax_column_count: true, skip_empty_lines: false })
  } catch (error) {
    if (error instanceof CsvError) throw refuse(`cannot be read at line ${error.lines}: its quotes do not match.`)
    throw error
  }
}

function readHeader(cells: string[], { columns, needed, known }: Form): string[] {
  const names = cells.map((cell) => {
    const name =
      columns[
        cell
          .trim()
          .toLowerCase()
          .replace(/[\s_-]/g, '')
      ]
    if (!name) throw refuse(`has a column that is not known in its first row; known are ${known}.`)
    return name
  })
  if (new Set(names).size < names.length) throw refuse('names a column twice in its first row.')
  if (!names.includes(needed.split(' ')[0] ?? '')) throw refuse(`has no column ${needed} in its first row.`)
  return names
}

function refuse(message: string): DeskError {
  return new DeskError('invalid', `csv: ${message}`, { field: 'csv' })
}
