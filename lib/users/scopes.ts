import { z } from 'zod'
import { DeskError } from '@/lib/errors'
import type { Context } from './context'

/** Parts of the API an API token can be limited to. */
export const scopes = ['calls', 'instances', 'orders', 'usage', 'licenses', 'tenants', 'settings'] as const
export type Scope = (typeof scopes)[number]
export const scopeSchema = z.enum(scopes)

/** By the first part of a path. What stands in none of them belongs to the settings. */
const parts: Record<string, Scope | null> = {
  calls: 'calls',
  messages: 'calls',
  'bulk-replays': 'calls',
  causes: 'calls',
  rehearsals: 'calls',
  instances: 'instances',
  orders: 'orders',
  licenses: 'licenses',
  'license-usage': 'licenses',
  tenants: 'tenants',
  desk: null,
  overview: null,
}

/** The scope that a path below /api/v1 needs; null: none in particular. */
export function scopeOf(path: string): Scope | null {
  const first = (path.split('/')[1] ?? '').replace(/\.csv$/, '')
  if (Object.hasOwn(parts, first)) return parts[first] ?? null
  if (first.startsWith('order') || first === 'drifts') return 'orders'
  if (first.startsWith('tenant')) return 'tenants'
  if (first.startsWith('usage')) return 'usage'
  if (first.startsWith('license')) return 'licenses'
  return 'settings'
}

/** Throws 'forbidden' for a token that is limited to other parts of the API. */
export function requireScope(ctx: Context, path: string): void {
  const allowed = ctx.actor.scopes ?? []
  if (allowed.length === 0) return
  const needed = scopeOf(path)
  if (needed === null || allowed.includes(needed)) return
  throw new DeskError('forbidden', `This token is limited to ${allowed.join(', ')}; this needs ${needed}.`)
}
