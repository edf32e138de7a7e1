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
  // Two deliveries of one instance must not both find that it has none yet.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`pool:${instanceId}`}, 0))`
  const [taken] = await tx.$queryRaw<{ app_info: Uint8Array }[]>`
    SELECT app_info FROM pool_accounts WHERE taken_by = ${instanceId}`
  if (taken) return openAccount(taken.app_info)
  const [free] = await tx.$queryRaw<{ app_info: Uint8Array }[]>`
    UPDATE pool_accounts SET taken_by = ${instanceId}, taken_at = now()
    WHERE id = (
      SELECT id FROM pool_accounts WHERE product_ref = ${productRef}::uuid AND taken_by IS NULL
      ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING app_info`
  return free ? openAccount(free.app_info) : null
}

function openAccount(sealed: Uint8Array): AppInfo {
  return JSON.parse(unseal(sealed)) as AppInfo
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
 * Adds accounts from CSV text to the pool of a product. Good rows are added and bad ones reported, so that a corrected
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
  const { rows, accounts, errors } = readAccounts(csv)
  const unique = new Map<string, AppInfo>()
  for (const account of accounts) {
    const print = fingerprintOf(account)
    if (!unique.has(print)) unique.set(print, account)
  }
  const added = await prisma().$transaction(
    async (tx) => {
      const fresh = await withoutKnown(tx, productRef, unique)
      if (dryRun || fresh.size === 0) return fresh.size
      const count = await store(tx, productRef, fresh)
      const data = { product: product.name, added: count, refused: errors.length }
      await recordAudit(tx, ctx, { action: 'pool.import', subject: 'product', target: productRef, data })
      return count
    },
    { timeout: 30_000 },
  )
  return { rows, added, duplicates: accounts.length - added, errors, left: await poolLeft(productRef) }
}

async function withoutKnown(tx: Tx, productRef: string, accounts: Map<string, AppInfo>) {
  const known = new Set<string>()
  for (const prints of chunks([...accounts.keys()])) {
    const where = { productRef, fingerprint: { in: prints } }
    for (const row of await tx.poolAccount.findMany({ where, select: { fingerprint: true } }))
      known.add(row.fingerprint)
  }
  return new Map([...accounts].filter(([print]) => !known.has(print)))
}

async function store(tx: Tx, productRef: string, accounts: Map<string, AppInfo>): Promise<number> {
  let added = 0
  for (const chunk of chunks([...accounts])) {
    const data = chunk.map(([print, appInfo]) => ({
      id: newId(),
      productRef,
      fingerprint: print,
      appInfo: seal(JSON.stringify(appInfo)),
      label: appInfo.userName ?? new URL(appInfo.frontEndUrl).host,
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

const columns: Record<string, keyof AppInfo> = {
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
}
const known = 'frontEndUrl (前台地址), adminUrl (管理地址), userName (账号), password (密码), memo (备注)'

function readAccounts(csv: string): Pick<PoolImport, 'rows' | 'errors'> & { accounts: AppInfo[] } {
  if (Buffer.byteLength(csv) > BYTE_LIMIT)
    throw new DeskError('too-large', 'csv: has more than 5 MiB.', { field: 'csv' })
  if (csv.includes('\uFFFD') || csv.includes('\0')) throw refuse('is not UTF-8 text; save it as “CSV UTF-8”.')
  const [header, ...records] = readRecords(csv)
  const names = readHeader(header ?? [])
  const accounts: AppInfo[] = []
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
    const read = readAppInfo(Object.fromEntries(names.map((name, column) => [name, record[column] ?? ''])))
    if (read.ok) accounts.push(read.value)
    else errors.push({ row, message: read.error.message })
  })
  return { rows, accounts, errors }
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

function readHeader(cells: string[]): (keyof AppInfo)[] {
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
  if (!names.includes('frontEndUrl')) throw refuse('has no column frontEndUrl (前台地址) in its first row.')
  return names
}

function refuse(message: string): DeskError {
  return new DeskError('invalid', `csv: ${message}`, { field: 'csv' })
}
