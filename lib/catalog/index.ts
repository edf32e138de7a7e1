import { setTimeout as sleep } from 'node:timers/promises'
import { type Credential, type CredentialKind, credentialKinds } from '@/lib/credentials'
import { prisma } from '@/lib/db/client'
import { once } from '@/lib/db/once'
import type { Credential as CredentialRow, Product as ProductRow } from '@/lib/generated/prisma/client'
import { log } from '@/lib/log'
import { openProduct, type Product, type TimeZone } from '@/lib/products'
import { unseal } from '@/lib/secrets'

export type { Credential, Product }

/** What every call needs of the configuration, held in memory. Never changed: a newer version is a new object. */
export type Catalog = {
  version: bigint
  products: Product[]
  /** newest first, inactive ones too */
  credentials: Credential[]
  defaultProduct: Product | null
  /** how the times of orders are read; null: as their product says */
  orderTimeZone: TimeZone | null
  /** The product that claims the product id, else the one that claims the SKU; the default is not considered. */
  find(productId: string | null, skuCode: string | null): Product | null
  /** Active credentials of a kind, newest first. */
  active(kind: CredentialKind): Credential[]
}

type State = {
  current: Catalog | null
  checkedAt: number
  /** the check under way, if any */
  work: Promise<void> | null
  /** the check that begins after it, if somebody needs one */
  next: Promise<void> | null
  /** it takes long or the last one failed: nobody waits for it who can be served without */
  late: boolean
  failed: boolean
}

const freshMs = 1_000
/** How long a caller who could be served with the last known copy waits for a slow database. */
const patienceMs = 250
/** The same for a caller whom only a newer copy helps. */
const refreshPatienceMs = 1_000
/** Strangers' signatures must not become a storm of questions to the database. */
const refreshEveryMs = 50
const state = () =>
  once<State>('catalog', () => ({ current: null, checkedAt: 0, work: null, next: null, late: false, failed: false }))

/** The catalogue if one was ever loaded, of whatever age. */
export function catalogNow(): Catalog | null {
  return state().current
}

/**
 * The catalogue, at most 1 s old; at that age without any wait. While the database is away or slow the last known one is
 * served; throws only if none was ever loaded.
 */
export function catalog(): Promise<Catalog> {
  const { current, checkedAt } = state()
  if (current && Date.now() - checkedAt < freshMs) return Promise.resolve(current)
  return renewed()
}

/**
 * The catalogue as it is now: with everything that was written before this call. Looks into the database after at most
 * 50 ms, together with whoever else asks; falls back and throws like `catalog`.
 */
export async function refreshCatalog(): Promise<Catalog> {
  const known = state()
  known.next ??= nextCheck(known)
  if (!known.current) return renewed()
  await Promise.race([known.next, sleep(refreshPatienceMs, undefined, { ref: false })])
  return known.current
}

async function nextCheck(known: State): Promise<void> {
  // One under way may have looked before whoever waits here came; the pause counts from its end.
  while (known.work) await known.work
  await sleep(Math.min(refreshEveryMs, known.checkedAt + refreshEveryMs - Date.now()))
  while (known.work) await known.work
  known.next = null
  await look(known)
}

/** The catalogue of a version read from the database, or a newer one. Throws when it cannot be loaded. */
export async function catalogAt(version: bigint): Promise<Catalog> {
  const known = state()
  if (known.current?.version === version) return known.current
  // A check under way may have looked before that version was written.
  await known.work
  if (known.current && known.current.version >= version) return known.current
  const loaded = await load()
  known.current = loaded
  known.checkedAt = Date.now()
  return loaded
}

/** For tests and tools that change the database under this process. */
export function forgetCatalog(): void {
  Object.assign(state(), { current: null, checkedAt: 0, next: null, late: false, failed: false })
}

async function renewed(): Promise<Catalog> {
  const known = state()
  const looked = look(known)
  if (!known.current) {
    await looked
    if (!known.current) throw new Error('the catalogue could not be loaded: the database is away')
    return known.current
  }
  if (!known.late) {
    await Promise.race([looked, sleep(patienceMs, undefined, { ref: false })])
    known.late ||= known.work !== null
  }
  return known.current
}

/** Joins the check under way, or begins one. */
function look(known: State): Promise<void> {
  known.work ??= check(known).finally(() => {
    known.work = null
  })
  return known.work
}

/** Never throws: a database that is away is asked again a second later. */
async function check(known: State): Promise<void> {
  try {
    const [row] = await prisma().$queryRaw<{ version: bigint }[]>`SELECT version FROM config_version WHERE id = 1`
    if (!known.current || known.current.version !== row?.version) known.current = await load()
    known.failed = false
  } catch (error) {
    if (!known.failed) log.error({ err: error }, 'the configuration could not be read; the last known one is used')
    known.failed = true
  }
  known.late = known.failed
  known.checkedAt = Date.now()
}

async function load(): Promise<Catalog> {
  // The version first: what is written after it makes the next check load again.
  const [version, products, credentials, orders] = await prisma().$transaction(
    [
      prisma().configVersion.findUniqueOrThrow({ where: { id: 1 } }),
      prisma().product.findMany({ orderBy: { createdAt: 'asc' } }),
      prisma().credential.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] }),
      prisma().setting.findUnique({ where: { key: 'orders' } }),
    ],
    { isolationLevel: 'RepeatableRead' },
  )
  const { timeZone = null } = (orders?.value ?? {}) as { timeZone?: TimeZone | null }
  return assemble(version.version, products.map(open), credentials.flatMap(openCredential), timeZone)
}

function assemble(
  version: bigint,
  products: Product[],
  credentials: Credential[],
  orderTimeZone: TimeZone | null,
): Catalog {
  const byProductId = new Map(products.flatMap((product) => product.productIds.map((id) => [id, product])))
  const bySkuCode = new Map(products.flatMap((product) => product.skuCodes.map((code) => [code, product])))
  const active = new Map(
    credentialKinds.map((kind) => [kind, credentials.filter((one) => one.kind === kind && one.active)]),
  )
  return {
    version,
    products,
    credentials,
    defaultProduct: products.find(({ isDefault }) => isDefault) ?? null,
    orderTimeZone,
    find: (productId, skuCode) =>
      (productId !== null && byProductId.get(productId)) || (skuCode !== null && bySkuCode.get(skuCode)) || null,
    active: (kind) => active.get(kind) ?? [],
  }
}

/** One that cannot be opened must not take the others down: its purchases wait for staff. */
function open(row: ProductRow): Product {
  try {
    return openProduct(row)
  } catch {
    log.error({ product: row.name }, 'the delivery was sealed under another DESK_SECRET; enter its secrets again')
    return { ...openProduct({ ...row, deliverySealed: null }), delivery: { type: 'manual' } }
  }
}

function openCredential(row: CredentialRow): Credential[] {
  const { id, name, accessKeyId, active } = row
  try {
    return [{ id, name, kind: row.kind as CredentialKind, accessKeyId, secret: unseal(row.secret), active }]
  } catch {
    log.error({ name }, 'the credential was sealed under another DESK_SECRET; enter it again')
    return []
  }
}
