import type { Route } from 'next'
import { redirect } from 'next/navigation'
import { cache } from 'react'
import { currentUser as userOfSession } from '@/lib/users/auth'

/** The signed-in user of this request, or null. */
export const currentUser = cache(userOfSession)

/** Sends whoever is not signed in to the sign-in page, and back to `path` afterwards. */
export async function requireUser(path: string) {
  const user = await currentUser()
  if (!user) redirect(`/sign-in?callbackUrl=${encodeURIComponent(path)}` as Route)
  return user
}

export type Search = Promise<Record<string, string | string[] | undefined>>

/** The address a page was asked for, with its query. */
export async function pathOf(pathname: string, search: Search): Promise<string> {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(await search)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) query.append(name, each)
  }
  const text = query.toString()
  return text ? `${pathname}?${text}` : pathname
}
