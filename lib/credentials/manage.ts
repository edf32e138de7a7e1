import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { lockFor } from '@/lib/db/lock'
import { DeskError } from '@/lib/errors'
import type { Credential as CredentialRow } from '@/lib/generated/prisma/client'
import { parseInput } from '@/lib/input'
import { seal, unseal } from '@/lib/secrets'
import { type Context, requireRole } from '@/lib/users/context'
import {
  type CredentialKind,
  type CredentialView,
  credentialChangeSchema,
  type NewCredential,
  newCredentialSchema,
} from './schema'

/** By kind, newest first. The secrets are not told, only their hints. Times ISO 8601 UTC. */
export async function listCredentials({ ctx }: { ctx: Context }): Promise<CredentialView[]> {
  requireRole(ctx, 'admin')
  const rows = await prisma().credential.findMany({ orderBy: [{ kind: 'asc' }, { createdAt: 'desc' }, { id: 'desc' }] })
  return rows.map(shown)
}

/** Errors: invalid (with field), conflict when the name is taken. */
export async function createCredential({ ctx, input }: { ctx: Context; input: unknown }): Promise<CredentialView> {
  requireRole(ctx, 'admin')
  const wanted = parseInput(newCredentialSchema, input)
  return await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'configuration')
    return shown(await insertCredential(tx, ctx, wanted))
  })
}

/** `lastOfKind`: no active credential of the kind is left, so calls of its class cannot be verified any more. */
export type CredentialChanged = CredentialView & { lastOfKind: boolean }

/** Renames, switches off or on. Errors: not-found, conflict when the name is taken. */
export async function updateCredential({ ctx, input }: { ctx: Context; input: unknown }): Promise<CredentialChanged> {
  requireRole(ctx, 'admin')
  const { id, ...wanted } = parseInput(credentialChangeSchema, input)
  return await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'configuration')
    const row = await existing(tx, id)
    if (wanted.name !== undefined && wanted.name !== row.name) await requireFreeName(tx, wanted.name)
    const facts = {
      ...(wanted.name !== undefined && wanted.name !== row.name && { name: wanted.name }),
      ...(wanted.active !== undefined && wanted.active !== row.active && { active: wanted.active }),
    }
    if (Object.keys(facts).length === 0) return { ...shown(row), lastOfKind: false }
    const changed = await tx.credential.update({ where: { id }, data: facts })
    await recordAudit(tx, ctx, {
      action: 'credential.update',
      subject: 'credential',
      target: id,
      data: { name: row.name, kind: row.kind, ...facts },
    })
    return { ...shown(changed), lastOfKind: facts.active === false && (await noneActive(tx, row.kind)) }
  })
}

/** Deletes for good, also the last one of its kind: then `lastOfKind` says so. Errors: not-found. */
export async function deleteCredential({ ctx, input }: { ctx: Context; input: unknown }): Promise<CredentialChanged> {
  requireRole(ctx, 'admin')
  const { id } = parseInput(z.strictObject({ id: z.uuid() }), input)
  return await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'configuration')
    const row = await existing(tx, id)
    await tx.credential.delete({ where: { id } })
    await recordAudit(tx, ctx, {
      action: 'credential.delete',
      subject: 'credential',
      target: id,
      data: { name: row.name, kind: row.kind, hint: row.hint },
    })
    return { ...shown(row), lastOfKind: row.active && (await noneActive(tx, row.kind)) }
  })
}

/** Inside a transaction that holds the lock of the configuration. */
export async function insertCredential(tx: Tx, ctx: Context, wanted: NewCredential): Promise<CredentialRow> {
  await requireFreeName(tx, wanted.name)
  const row = await tx.credential.create({ data: { id: newId(), ...wanted, secret: seal(wanted.secret) } })
  await recordAudit(tx, ctx, {
    action: 'credential.create',
    subject: 'credential',
    target: row.id,
    data: { name: row.name, kind: row.kind, hint: row.hint },
  })
  return row
}

/** Gives an existing credential what the set-up file says. False when it is so already. Inside the same lock. */
export async function changeCredential(
  tx: Tx,
  ctx: Context,
  row: CredentialRow,
  wanted: NewCredential,
): Promise<boolean> {
  const sameSecret = opened(row) === wanted.secret
  if (sameSecret && row.kind === wanted.kind && row.accessKeyId === wanted.accessKeyId) return false
  await tx.credential.update({
    where: { id: row.id },
    data: {
      kind: wanted.kind,
      accessKeyId: wanted.accessKeyId,
      ...(!sameSecret && { secret: seal(wanted.secret), hint: wanted.hint }),
    },
  })
  await recordAudit(tx, ctx, {
    action: 'credential.update',
    subject: 'credential',
    target: row.id,
    data: { name: row.name, kind: wanted.kind, hint: wanted.hint, ...(!sameSecret && { secret: 'changed' }) },
  })
  return true
}

/** Null when it was sealed under another DESK_SECRET: entering it again repairs it. */
function opened(row: CredentialRow): string | null {
  try {
    return unseal(row.secret)
  } catch {
    return null
  }
}

async function existing(tx: Tx, id: string): Promise<CredentialRow> {
  const row = await tx.credential.findUnique({ where: { id } })
  if (!row) throw new DeskError('not-found', 'There is no such credential.', { field: 'id' })
  return row
}

async function requireFreeName(tx: Tx, name: string): Promise<void> {
  if (!(await tx.credential.findUnique({ where: { name }, select: { id: true } }))) return
  throw new DeskError('conflict', `There is a credential named ${name} already.`, { field: 'name' })
}

async function noneActive(tx: Tx, kind: string): Promise<boolean> {
  return (await tx.credential.count({ where: { kind, active: true } })) === 0
}

function shown(row: CredentialRow): CredentialView {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind as CredentialKind,
    accessKeyId: row.accessKeyId,
    hint: row.hint,
    active: row.active,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  }
}
