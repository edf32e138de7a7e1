import { type Db, Prisma, prisma } from './client'
import { isId } from './ids'

/** Lists say how many match up to this; it means "more than 10,000". */
export const TOTAL_LIMIT = 10_001

/** All of these conditions; none of them is always true. */
export function allOf(conditions: Prisma.Sql[]): Prisma.Sql {
  return conditions.length === 0 ? Prisma.sql`true` : Prisma.join(conditions, ' AND ')
}

export function anyOf(conditions: Prisma.Sql[]): Prisma.Sql {
  return Prisma.sql`(${Prisma.join(conditions, ' OR ')})`
}

/** Whether a column begins with `text`, in a form an index can answer. */
export function startsWith(column: string, text: string): Prisma.Sql {
  return Prisma.sql`${Prisma.raw(column)} LIKE ${`${text.replace(/[\\%_]/g, '\\$&')}%`}`
}

/** The rows of `products` somebody means by an id of ours or of the marketplace, as an array. */
export function productsNamed(id: string): Prisma.Sql {
  const byId = isId(id) ? Prisma.sql`id = ${id}::uuid OR` : Prisma.empty
  return Prisma.sql`ARRAY(SELECT id FROM products WHERE ${byId} ${id} = ANY(product_ids))`
}

/** Until when (ms) what held more than can be counted is taken to hold as much still, by database and source. */
const overfull = new WeakMap<Db, Map<string, number>>()
const OVERFULL_MS = 30_000
const OVERFULL_KEPT = 1000

/**
 * Counts the rows of `source` (a table with its conditions), at most `TOTAL_LIMIT`. Where there were more, the next half
 * minute says so without counting them again: pages ask every few seconds, and thousands do not go in between.
 */
export async function countUpTo(source: Prisma.Sql): Promise<number> {
  const db = prisma()
  const known = overfull.get(db) ?? new Map<string, number>()
  const key = JSON.stringify([source.sql, source.values], (_, value) =>
    typeof value === 'bigint' ? `${value}` : value,
  )
  if ((known.get(key) ?? 0) > Date.now()) return TOTAL_LIMIT
  const [row] = await db.$queryRaw<{ total: number }[]>`
    SELECT count(*)::int AS total FROM (SELECT 1 FROM ${source} LIMIT ${TOTAL_LIMIT}) matches`
  const total = row?.total ?? 0
  if (total === TOTAL_LIMIT) {
    if (known.size >= OVERFULL_KEPT) known.clear()
    overfull.set(db, known.set(key, Date.now() + OVERFULL_MS))
  }
  return total
}

type List = {
  /** and its alias, where the rest uses one */
  table: string
  columns: Prisma.Sql
  conditions: Prisma.Sql[]
  /** what lies behind the cursor */
  beyond: Prisma.Sql[]
  order: Prisma.Sql
  limit: number
  /** Whether somebody looks for something, of which there are mostly few. */
  searched: boolean
  /** What else is read for the rows of a page, which come with a column `total` to be handed on. */
  complete?: (page: Prisma.Sql) => Prisma.Sql
}

/**
 * The rows of a list's page and how many match in all, at most `TOTAL_LIMIT`. What is searched is gathered from the indexes
 * of its conditions, counted and sorted at once, unless too many match; left to itself the planner walks the whole table
 * in the order of the list for the few.
 */
export async function readPage<Row>(list: List): Promise<{ rows: Row[]; total: number }> {
  const { table, columns, conditions, beyond, order, limit, complete = (page) => page } = list
  const from = Prisma.raw(table)
  const as = Prisma.raw(table.split(' ').at(-1) as string)
  const read = async (page: Prisma.Sql) => {
    const found = await prisma().$queryRaw<(Row & { total: number | null })[]>(complete(page))
    return { rows: found.map(({ total: _, ...row }) => row as Row), total: found[0]?.total }
  }
  const inOrder = Prisma.sql`SELECT ${columns}, NULL::int AS total FROM ${from}
    WHERE ${allOf([...conditions, ...beyond])} ORDER BY ${order} LIMIT ${limit}`
  const counting = () => countUpTo(Prisma.sql`${from} WHERE ${allOf(conditions)}`)
  if (!list.searched) {
    const [{ rows }, total] = await Promise.all([read(inOrder), counting()])
    return { rows, total }
  }
  const { rows, total } = await read(Prisma.sql`
    SELECT * FROM (
      SELECT *, count(*) OVER ()::int AS total
      FROM (SELECT ${columns} FROM ${from} WHERE ${allOf(conditions)} LIMIT ${TOTAL_LIMIT}) ${as}
    ) ${as} WHERE ${allOf(beyond)} ORDER BY ${order} LIMIT ${limit}`)
  if (total === TOTAL_LIMIT) return { ...(await read(inOrder)), total }
  return { rows, total: total ?? (beyond.length > 0 ? await counting() : 0) }
}
