import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { Prisma, prisma } from '@/lib/db/client'
import { allOf, anyOf, countUpTo, startsWith } from '@/lib/db/where'
import { DeskError } from '@/lib/errors'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { flagSchema, parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'
import { contains, lostMember, requireTenant, word } from './lookup'
import { openContact } from './store'

const states = ['granted', 'disabled', 'revoked', 'deleted'] as const

export const memberItem = z
  .object({
    appId: z.string(),
    userName: z.string(),
    state: z.enum(states).describe('disabled: authorised, but switched off by the enterprise'),
    name: z.string().nullable(),
    role: z.enum(['user', 'admin']).nullable(),
    orgCode: z.string().nullable(),
    department: z.string().nullable().describe('its name; null where the department is not there'),
    position: z.string().nullable(),
    employeeCode: z.string().nullable(),
    employeeType: z.int().nullable().describe('1 regular, 2 intern, 3 dispatched, 4 outsourced'),
    workPlace: z.string().nullable(),
    entryDate: z.string().nullable(),
    mobile: z.string().nullable().describe('masked'),
    email: z.string().nullable().describe('masked'),
    changedAt: z.iso.datetime().nullable().describe("the marketplace's own time of the last change"),
  })
  .meta({ id: 'TenantMember' })
export type MemberItem = z.output<typeof memberItem>

export const memberQuery = z.strictObject({
  appId: word('of exactly this application'),
  state: z.enum(states).optional(),
  orgCode: word('of exactly this department'),
  lost: flagSchema.describe('true: without a department, or in one that is not there').optional(),
  q: word('a part of the name, or the start of a user name or employee code'),
  ...pageQuery,
})

type Row = Omit<MemberItem, 'state' | 'mobile' | 'email' | 'changedAt'> & {
  access: 'granted' | 'revoked' | 'deleted'
  enabled: boolean | null
  contact: Uint8Array | null
  changedAt: Date | null
}

/** Members of an enterprise by user name. */
export async function listMembers({
  ctx,
  id,
  query,
}: {
  ctx: Context
  id: string
  query: z.output<typeof memberQuery>
}): Promise<Page<MemberItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  await requireTenant(id)
  const after = readCursor(query.cursor, query, ['text', 'text'])
  const is = [Prisma.sql`m.tenant_ref = ${id}::uuid`, ...conditions(query)]
  const beyond = after ? [Prisma.sql`(m.user_name, m.app_id) > (${after[0]}, ${after[1]})`] : []
  const [rows, total] = await Promise.all([
    prisma().$queryRaw<Row[]>`
      SELECT m.app_id AS "appId", m.user_name AS "userName", m.access, m.enabled, m.name, m.role, m.org_code AS "orgCode",
        d.name AS department, m.position, m.employee_code AS "employeeCode", m.employee_type AS "employeeType",
        m.work_place AS "workPlace", m.entry_date AS "entryDate", m.contact,
        greatest(m.facts_as_of, m.access_as_of) AS "changedAt"
      FROM tenant_members m
      LEFT JOIN tenant_departments d ON d.tenant_ref = m.tenant_ref AND d.org_code = m.org_code AND NOT d.deleted
      WHERE ${allOf([...is, ...beyond])} ORDER BY m.user_name, m.app_id LIMIT ${query.limit + 1}`,
    countUpTo(Prisma.sql`tenant_members m WHERE ${allOf(is)}`),
  ])
  return { ...cutPage(rows.map(show), query, (item) => [item.userName, item.appId]), total }
}

function conditions({ appId, state, orgCode, lost, q }: z.output<typeof memberQuery>): Prisma.Sql[] {
  const is: Prisma.Sql[] = []
  if (appId) is.push(Prisma.sql`m.app_id = ${appId}`)
  if (orgCode) is.push(Prisma.sql`m.org_code = ${orgCode}`)
  if (state === 'granted') is.push(Prisma.sql`m.access = 'granted' AND m.enabled IS NOT FALSE`)
  else if (state === 'disabled') is.push(Prisma.sql`m.access = 'granted' AND m.enabled IS FALSE`)
  else if (state) is.push(Prisma.sql`m.access = ${state}`)
  if (lost !== undefined) is.push(lost ? lostMember : Prisma.sql`NOT (${lostMember})`)
  if (q) is.push(anyOf([startsWith('m.user_name', q), startsWith('m.employee_code', q), contains('m.name', q)]))
  return is
}

function show({ access, enabled, contact, changedAt, ...row }: Row): MemberItem {
  const { mobile, email } = openContact(contact)
  return {
    ...row,
    state: access === 'granted' && enabled === false ? 'disabled' : access,
    mobile: mobile && maskPhone(mobile),
    email: email && maskMail(email),
    changedAt: changedAt?.toISOString() ?? null,
  }
}

export function maskPhone(phone: string): string {
  return phone.length < 8 ? '••••' : `${phone.slice(0, 3)}••••${phone.slice(-2)}`
}

export function maskMail(mail: string): string {
  const at = mail.lastIndexOf('@')
  return at < 1 ? '••••' : `${mail.slice(0, 1)}••••${mail.slice(at)}`
}

export const memberKey = z.strictObject({ appId: z.string().min(1).max(64), userName: z.string().min(1).max(64) })

/** Phone and mail of a member in full. Administrators only; audited. */
export async function revealMember({
  ctx,
  id,
  input,
}: {
  ctx: Context
  id: string
  input: z.input<typeof memberKey>
}): Promise<{ mobile: string | null; email: string | null }> {
  requireRole(ctx, 'admin')
  const { appId, userName } = parseInput(memberKey, input)
  await requireTenant(id)
  return prisma().$transaction(async (tx) => {
    const member = await tx.tenantMember.findUnique({
      where: { tenantRef_appId_userName: { tenantRef: id, appId, userName } },
    })
    if (!member) throw new DeskError('not-found', `There is no member ${userName} of application ${appId}.`)
    await recordAudit(tx, ctx, {
      action: 'tenant.reveal-member',
      subject: 'tenant',
      target: id,
      data: { appId, userName },
    })
    return openContact(member.contact)
  })
}
