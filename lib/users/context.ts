import { DeskError } from '@/lib/errors'

export const roles = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** Who acts: a signed-in user, an API token, the command line, or the desk itself. */
export type Actor = {
  name: string
  via: 'user' | 'token' | 'cli' | 'system'
  role: Role
  /** of an API token: the parts of the API it may use; none: all */
  scopes?: readonly string[]
}
export type Context = { actor: Actor }

export const systemContext: Context = { actor: { name: 'system', via: 'system', role: 'admin' } }

export function hasRole(actor: Actor, needed: Role): boolean {
  return roles.indexOf(actor.role) >= roles.indexOf(needed)
}

export function requireRole(ctx: Context, needed: Role): void {
  if (hasRole(ctx.actor, needed)) return
  throw new DeskError('forbidden', `This needs the role ${needed}; ${ctx.actor.name} has ${ctx.actor.role}.`)
}
