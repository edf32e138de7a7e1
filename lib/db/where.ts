import { Prisma, prisma } from './client'
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

/** Counts the rows of `source` (a table with its conditions), at most `TOTAL_LIMIT`. */
export async function countUpTo(source: Prisma.Sql): Promise<number> {
  const [row] = await prisma().$queryRaw<{ total: number }[]>`
    SELECT count(*)::int AS total FROM (SELECT 1 FROM ${source} LIMIT ${TOTAL_LIMIT}) matches`
  return row?.total ?? 0
}

/**
 * The rows of a table for a list, read in the list's order unless `few` match: those are gathered from the indexes of the
 * condition first. Left to itself the planner walks the whole table in the order of the list for them.
 */
export function rowsOf(table: string, condition: Prisma.Sql, few: boolean): Prisma.Sql {
  const [name = table, alias = name] = table.split(' ')
  return few
    ? Prisma.sql`(SELECT * FROM ${Prisma.raw(table)} WHERE ${condition} OFFSET 0) ${Prisma.raw(alias)}`
    : Prisma.sql`${Prisma.raw(table)} WHERE ${condition}`
}
