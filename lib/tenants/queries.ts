import { z } from 'zod'
import { Prisma, prisma } from '@/lib/db/client'
import { allOf, anyOf, countUpTo, startsWith } from '@/lib/db/where'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { flagSchema } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'
import { departmentProblems } from './departments'
import { contains, lostMember, noTenant, requireTenant, word } from './lookup'

const time = z.iso.datetime().describe('ISO 8601, UTC')
const states = ['announced', 'bound', 'unbound'] as const

export const tenantItem = z
  .object({
    id: z.guid(),
    tenantId: z.string().describe("the marketplace's id"),
    test: z.boolean(),
    state: z.enum(states).describe('announced: something about it was synced before itself was'),
    tenantCode: z.string().nullable(),
    name: z.string().nullable(),
    domainName: z.string().nullable(),
    createdAt: time,
    lastSyncAt: time,
    apps: z.int().describe('applications in use'),
    members: z.int().describe('members who may sign in'),
    departments: z.int(),
  })
  .meta({ id: 'Tenant', description: 'An enterprise of a joint-operation product.' })
export type TenantItem = z.output<typeof tenantItem>

export const tenantQuery = z.strictObject({
  state: z.enum(states).optional(),
  test: flagSchema.describe('true: only debug data, false: only real ones').optional(),
  instanceId: word('bound to exactly this instance'),
  q: word('the start of a tenant id or code, an instance or an application id; or a part of a name'),
  ...pageQuery,
})

type Row = Omit<TenantItem, 'createdAt' | 'lastSyncAt'> & { createdAt: Date; lastSyncAt: Date }

const columns = Prisma.raw(`
  t.id, t.tenant_id AS "tenantId", t.test, t.state, t.tenant_code AS "tenantCode", t.name, t.domain_name AS "domainName",
  t.created_at AS "createdAt", t.last_sync_at AS "lastSyncAt",
  (SELECT count(DISTINCT app_id)::int FROM tenant_apps WHERE tenant_ref = t.id AND active) AS apps,
  (SELECT count(DISTINCT user_name)::int FROM tenant_members WHERE tenant_ref = t.id AND access = 'granted'
    AND enabled IS NOT FALSE) AS members,
  (SELECT count(*)::int FROM tenant_departments WHERE tenant_ref = t.id AND NOT deleted) AS departments`)

/** Enterprises, newest first. */
export async function listTenants({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof tenantQuery>
}): Promise<Page<TenantItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['time', 'id'])
  const is = conditions(query)
  const beyond = after ? [Prisma.sql`(t.created_at, t.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`] : []
  const [rows, total] = await Promise.all([
    prisma().$queryRaw<Row[]>`
      SELECT ${columns} FROM (
        SELECT * FROM tenants t WHERE ${allOf([...is, ...beyond])}
        ORDER BY t.created_at DESC, t.id DESC LIMIT ${query.limit + 1}
      ) t ORDER BY t.created_at DESC, t.id DESC`,
    countUpTo(Prisma.sql`tenants t WHERE ${allOf(is)}`),
  ])
  return { ...cutPage(rows.map(show), query, (item) => [item.createdAt, item.id]), total }
}

function conditions({ state, test, instanceId, q }: z.output<typeof tenantQuery>): Prisma.Sql[] {
  const is: Prisma.Sql[] = []
  if (state) is.push(Prisma.sql`t.state = ${state}`)
  if (test !== undefined) is.push(Prisma.sql`t.test = ${test}`)
  if (instanceId)
    is.push(Prisma.sql`t.id IN (SELECT tenant_ref FROM tenant_bindings WHERE instance_id = ${instanceId})`)
  if (q) {
    const own = [startsWith('t.tenant_id', q), startsWith('t.tenant_code', q), contains('t.name', q)]
    const bound = Prisma.sql`t.id IN (SELECT tenant_ref FROM tenant_bindings WHERE ${startsWith('instance_id', q)})`
    const used = Prisma.sql`t.id IN (SELECT tenant_ref FROM tenant_apps WHERE ${startsWith('app_id', q)})`
    is.push(anyOf([...own, bound, used]))
  }
  return is
}

function show(row: Row): TenantItem {
  return { ...row, createdAt: row.createdAt.toISOString(), lastSyncAt: row.lastSyncAt.toISOString() }
}

export const tenantDetail = tenantItem
  .extend({
    bindings: z.array(
      z.object({
        instanceId: z.string().nullable().describe('null: from the application for credentials'),
        orderId: z.string().nullable(),
        active: z.boolean(),
        asOf: time.nullable(),
        known: z.boolean().describe('the desk opened such an instance'),
      }),
    ),
    applications: z.array(
      z.object({
        appId: z.string(),
        instanceId: z.string().nullable(),
        clientId: z.string().nullable(),
        secretSet: z.boolean(),
        keyName: z.string().nullable().describe('the private key that opened the client secret'),
        active: z.boolean(),
        asOf: time,
      }),
    ),
    memberCounts: z.object({ granted: z.int(), disabled: z.int(), revoked: z.int(), deleted: z.int() }),
    problems: z
      .object({
        orphans: z.int().describe('departments whose parent is not there'),
        circles: z.int().describe('circles in the department tree'),
        withoutDepartment: z.int().describe('members without a department, or in one that is not there'),
      })
      .describe('what was synced and does not fit together'),
  })
  .meta({ id: 'TenantDetail' })
export type TenantDetail = z.output<typeof tenantDetail>

/** One enterprise with its bindings and applications. Throws 'not-found'. */
export async function getTenant({ ctx, id }: { ctx: Context; id: string }): Promise<TenantDetail> {
  requireRole(ctx, 'viewer')
  await requireTenant(id)
  const [row] = await prisma().$queryRaw<Row[]>`SELECT ${columns} FROM tenants t WHERE t.id = ${id}::uuid`
  if (!row) throw noTenant(id)
  const [bindings, applications, counts, { orphans, circles }, withoutDepartment] = await Promise.all([
    bindingsOf(id),
    prisma().tenantApp.findMany({
      where: { tenantRef: id },
      orderBy: [{ active: 'desc' }, { appId: 'asc' }, { instanceId: 'asc' }],
    }),
    countMembers(id),
    departmentProblems(id),
    countLost(id),
  ])
  return {
    ...show(row),
    bindings,
    applications: applications.map(({ tenantRef: _, clientSecret, asOf, instanceId, ...app }) => ({
      ...app,
      instanceId: instanceId || null,
      secretSet: clientSecret !== null,
      asOf: asOf.toISOString(),
    })),
    memberCounts: counts,
    problems: { orphans, circles, withoutDepartment },
  }
}

async function bindingsOf(id: string): Promise<TenantDetail['bindings']> {
  const rows = await prisma().$queryRaw<
    { instanceId: string; orderId: string | null; active: boolean; asOf: Date | null; known: boolean }[]
  >`
    SELECT b.instance_id AS "instanceId", b.order_id AS "orderId", b.active, b.as_of AS "asOf",
      EXISTS (SELECT 1 FROM instances i WHERE i.instance_id = b.instance_id) AS known
    FROM tenant_bindings b WHERE b.tenant_ref = ${id}::uuid ORDER BY b.active DESC, b.as_of DESC NULLS LAST, b.instance_id`
  return rows.map((row) => ({ ...row, instanceId: row.instanceId || null, asOf: row.asOf?.toISOString() ?? null }))
}

async function countMembers(id: string): Promise<TenantDetail['memberCounts']> {
  const [row] = await prisma().$queryRaw<TenantDetail['memberCounts'][]>`
    SELECT count(*) FILTER (WHERE access = 'granted' AND enabled IS NOT FALSE)::int AS granted,
      count(*) FILTER (WHERE access = 'granted' AND enabled IS FALSE)::int AS disabled,
      count(*) FILTER (WHERE access = 'revoked')::int AS revoked,
      count(*) FILTER (WHERE access = 'deleted')::int AS deleted
    FROM tenant_members WHERE tenant_ref = ${id}::uuid`
  return row as TenantDetail['memberCounts']
}

async function countLost(id: string): Promise<number> {
  const [row] = await prisma().$queryRaw<{ lost: number }[]>`
    SELECT count(*)::int AS lost FROM tenant_members m WHERE m.tenant_ref = ${id}::uuid AND ${lostMember}`
  return row?.lost ?? 0
}
