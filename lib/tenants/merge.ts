import { isDeepStrictEqual } from 'node:util'
import type { AuthSync, KitDepartment, KitUser, SingleOrgSync } from '@/lib/marketplace'

/**
 * How what is known of an enterprise changes. Pure; `at` is the marketplace's own time of the change. Every part carries
 * the time of what was last applied to it, and what is older changes nothing, so that any order of arrival ends the same.
 * Of two changes of the same millisecond the one that arrives later counts.
 */
export type Merge<T> = { next: T; changed: boolean; late: boolean }

const isOlder = (at: Date, known: Date | null) => known !== null && at < known

export type Profile = {
  tenantCode: string | null
  name: string | null
  domainName: string | null
  profileAsOf: Date | null
}

export function mergeProfile(known: Profile, facts: Omit<Profile, 'profileAsOf'>, at: Date): Merge<Profile> {
  return isOlder(at, known.profileAsOf) ? late(known) : settled(known, { ...facts, profileAsOf: at })
}

export type Binding = { instanceId: string; orderId: string | null; active: boolean; asOf: Date | null }

/** A modification says nothing about the binding, except that there must have been one. */
export function mergeBinding(
  known: Binding | null,
  change: { change: 'add' | 'modify' | 'delete'; instanceId: string; orderId: string | null },
  at: Date,
): Merge<Binding> {
  const { instanceId, orderId } = change
  if (change.change === 'modify') {
    return known ? same(known) : settled(null, { instanceId, orderId, active: true, asOf: null })
  }
  if (known && isOlder(at, known.asOf)) return late(known)
  return settled(known, { instanceId, orderId, active: change.change === 'add', asOf: at })
}

export type App = {
  instanceId: string
  appId: string
  clientId: string | null
  /** open, in memory only */
  clientSecret: string | null
  keyName: string | null
  active: boolean
  asOf: Date
}

export function mergeApp(known: App | null, next: App): Merge<App> {
  return known && isOlder(next.asOf, known.asOf) ? late(known) : settled(known, next)
}

export type Access = 'granted' | 'revoked' | 'deleted'
export type MemberFacts = Omit<KitUser, 'userName'>
export type Member = {
  userName: string
  access: Access
  accessAsOf: Date | null
  facts: MemberFacts | null
  factsAsOf: Date | null
}

const accessOf = { add: 'granted', revoke: 'revoked', delete: 'deleted' } as const

/** Facts and access are two things: a modification that overtakes its addition must not undo a later revocation. */
export function mergeMember(
  known: Member | null,
  user: AuthSync['users'][number],
  change: AuthSync['change'],
  at: Date,
): Merge<Member> {
  const start: Member = known ?? {
    userName: user.userName,
    access: 'granted',
    accessAsOf: null,
    facts: null,
    factsAsOf: null,
  }
  const next = { ...start }
  let tooLate = false
  if (user.facts) {
    if (isOlder(at, start.factsAsOf)) tooLate = true
    else Object.assign(next, { facts: user.facts, factsAsOf: at })
  }
  if (change !== 'modify') {
    if (isOlder(at, start.accessAsOf)) tooLate = true
    else Object.assign(next, { access: accessOf[change], accessAsOf: at })
  }
  return { ...settled(known, next), late: tooLate }
}

export type Department = {
  orgCode: string
  name: string | null
  parentCode: string | null
  deleted: boolean
  asOf: Date
}

/** `wholeAsOf`: time of the newest whole list, which speaks of every department, also of those it does not name. */
export function mergeDepartment(
  known: Department | null,
  wholeAsOf: Date | null,
  change: Pick<SingleOrgSync, 'change' | 'orgCode' | 'name' | 'parentCode'>,
  at: Date,
): Merge<Department | null> {
  if (isOlder(at, wholeAsOf) || isOlder(at, known?.asOf ?? null)) return late(known)
  const { orgCode, name, parentCode } = change
  const deleted = change.change === 'delete'
  return settled(
    known,
    deleted
      ? { orgCode, name: null, parentCode: null, deleted, asOf: at }
      : { orgCode, name, parentCode, deleted, asOf: at },
  )
}

export type WholeMerge = { late: boolean; set: Department[]; removed: string[] }

/** A whole list: what it names is set, what it does not name is gone, except what changed after it. */
export function mergeDepartments(
  known: Department[],
  wholeAsOf: Date | null,
  listed: KitDepartment[],
  at: Date,
): WholeMerge {
  if (isOlder(at, wholeAsOf)) return { late: true, set: [], removed: [] }
  const byCode = new Map(known.map((department) => [department.orgCode, department]))
  const set = listed.flatMap(({ orgCode, name, parentCode }) => {
    const before = byCode.get(orgCode) ?? null
    if (before && isOlder(at, before.asOf)) return []
    const next = { orgCode, name, parentCode, deleted: false, asOf: at }
    return before && isSame(before, next) ? [] : [next]
  })
  const named = new Set(listed.map(({ orgCode }) => orgCode))
  const removed = known.filter(({ orgCode, asOf }) => !named.has(orgCode) && asOf <= at).map(({ orgCode }) => orgCode)
  return { late: false, set, removed }
}

// Its time need not move on: what is older than the whole list counts no more anyway.
function isSame(a: Department, b: Department): boolean {
  return a.name === b.name && a.parentCode === b.parentCode && a.deleted === b.deleted
}

function settled<T>(known: T | null, next: T): Merge<T> {
  return { next, changed: !isDeepStrictEqual(known, next), late: false }
}

const same = <T>(known: T): Merge<T> => ({ next: known, changed: false, late: false })
const late = <T>(known: T): Merge<T> => ({ next: known, changed: false, late: true })
