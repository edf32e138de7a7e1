import { z } from 'zod'
import { Prisma, prisma } from '@/lib/db/client'
import { isId } from '@/lib/db/ids'
import { DeskError } from '@/lib/errors'

export const word = (what: string) =>
  z
    .string()
    .trim()
    .min(1)
    .max(64)
    .regex(/^\P{Cc}*$/u, 'holds a control character')
    .describe(what)
    .optional()

export function contains(column: string, text: string): Prisma.Sql {
  return Prisma.sql`${Prisma.raw(column)} ILIKE ${`%${text.replace(/[\\%_]/g, '\\$&')}%`}`
}

/** A member in use whose department is missing. */
export const lostMember = Prisma.sql`m.access = 'granted' AND NOT EXISTS (
  SELECT 1 FROM tenant_departments d WHERE d.tenant_ref = m.tenant_ref AND d.org_code = m.org_code AND NOT d.deleted)`

export function noTenant(id: string): DeskError {
  return new DeskError('not-found', `There is no tenant ${id}.`)
}

/** Throws 'not-found' unless there is such an enterprise. */
export async function requireTenant(id: string): Promise<void> {
  if (!isId(id) || (await prisma().tenant.count({ where: { id } })) === 0) throw noTenant(id)
}
