import { z } from 'zod'
import { Prisma, prisma } from '@/lib/db/client'
import { allOf } from '@/lib/db/where'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { type Context, requireRole } from '@/lib/users/context'
import { requireTenant, word } from './lookup'
import { ancestorsOf, type Problem, rootsOf } from './tree'

export const departmentItem = z
  .object({
    orgCode: z.string(),
    name: z.string().nullable(),
    parentCode: z.string().nullable(),
    children: z.int(),
    members: z.int().describe('members in use, of this department alone'),
    problem: z
      .enum(['orphan', 'circle'])
      .nullable()
      .describe('orphan: its parent is not there; circle: it is above itself'),
    path: z
      .array(z.object({ orgCode: z.string(), name: z.string().nullable() }))
      .describe('from the top; in a search only'),
  })
  .meta({ id: 'Department' })
export type DepartmentItem = z.output<typeof departmentItem>

export const departmentQuery = z.strictObject({
  parentCode: word('those directly below; left out: where the tree begins'),
  q: word('a part of a name, or the start of a code, anywhere in the tree'),
  ...pageQuery,
})

type Input = { ctx: Context; id: string; query: z.output<typeof departmentQuery> }

/** Departments by code: the top of the tree, one level below a department, or what a search finds. */
export async function listDepartments({ ctx, id, query }: Input): Promise<Page<DepartmentItem>> {
  requireRole(ctx, 'viewer')
  await requireTenant(id)
  const after = readCursor(query.cursor, query, ['text'])?.[0] ?? null
  const items = await (query.q ? search(id, query.q, after, query.limit) : level(id, query, after))
  return cutPage(items, query, (item) => [item.orgCode])
}

async function level(
  id: string,
  { parentCode, limit }: Input['query'],
  after: string | null,
): Promise<DepartmentItem[]> {
  if (parentCode) {
    const below = [Prisma.sql`d.parent_code = ${parentCode}`, ...(after ? [Prisma.sql`d.org_code > ${after}`] : [])]
    return read(id, allOf(below), limit + 1)
  }
  const roots = rootsOf(await loadNodes(id)).filter(({ orgCode }) => after === null || orgCode > after)
  const page = roots.slice(0, limit + 1)
  const problems = new Map(page.map(({ orgCode, problem }) => [orgCode, problem]))
  const codes = page.map(({ orgCode }) => orgCode)
  const items = await read(id, Prisma.sql`d.org_code = ANY(${codes})`, limit + 1)
  return items.map((item) => ({ ...item, problem: problems.get(item.orgCode) ?? null }))
}

async function search(id: string, q: string, after: string | null, limit: number): Promise<DepartmentItem[]> {
  const nodes = await loadNodes(id)
  const wanted = q.toLowerCase()
  const fits = ({ orgCode, name }: NamedNode) => name?.toLowerCase().includes(wanted) || orgCode.startsWith(q)
  const codes = nodes.filter((node) => fits(node) && (after === null || node.orgCode > after)).map((n) => n.orgCode)
  const page = codes.sort((a, b) => (a < b ? -1 : 1)).slice(0, limit + 1)
  const items = await read(id, Prisma.sql`d.org_code = ANY(${page})`, limit + 1)
  const names = new Map(nodes.map(({ orgCode, name }) => [orgCode, name]))
  const parents = new Map(nodes.map(({ orgCode, parentCode }) => [orgCode, parentCode]))
  const problems = new Map<string, Problem | null>(rootsOf(nodes).map(({ orgCode, problem }) => [orgCode, problem]))
  return items.map((item) => ({
    ...item,
    problem: problems.get(item.orgCode) ?? null,
    path: ancestorsOf(parents, item.orgCode).map((orgCode) => ({ orgCode, name: names.get(orgCode) ?? null })),
  }))
}

type NamedNode = { orgCode: string; name: string | null; parentCode: string | null }

function loadNodes(id: string): Promise<NamedNode[]> {
  return prisma().$queryRaw<NamedNode[]>`
    SELECT org_code AS "orgCode", name, parent_code AS "parentCode"
    FROM tenant_departments WHERE tenant_ref = ${id}::uuid AND NOT deleted`
}

async function read(id: string, is: Prisma.Sql, limit: number): Promise<DepartmentItem[]> {
  const rows = await prisma().$queryRaw<Omit<DepartmentItem, 'problem' | 'path'>[]>`
    SELECT d.org_code AS "orgCode", d.name, d.parent_code AS "parentCode",
      (SELECT count(*)::int FROM tenant_departments c
        WHERE c.tenant_ref = d.tenant_ref AND c.parent_code = d.org_code AND NOT c.deleted) AS children,
      (SELECT count(*)::int FROM tenant_members m
        WHERE m.tenant_ref = d.tenant_ref AND m.org_code = d.org_code AND m.access = 'granted') AS members
    FROM tenant_departments d
    WHERE d.tenant_ref = ${id}::uuid AND NOT d.deleted AND ${is} ORDER BY d.org_code COLLATE "C" LIMIT ${limit}`
  return rows.map((row) => ({ ...row, problem: null, path: [] }))
}

/** How many departments hang nowhere. */
export async function departmentProblems(id: string): Promise<{ orphans: number; circles: number }> {
  const roots = rootsOf(await loadNodes(id))
  const count = (wanted: Problem) => roots.filter(({ problem }) => problem === wanted).length
  return { orphans: count('orphan'), circles: count('circle') }
}
