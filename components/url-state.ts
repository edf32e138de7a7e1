'use client'

import { useSearchParams } from 'next/navigation'
import { useEffect, useMemo, useRef } from 'react'

/** One name of the address: what its text means, and what it is when it is not there. */
export type Param<T> = { unset: T; read: (raw: string) => T }

type Shape = Record<string, Param<unknown>>
type Values<S extends Shape> = { [K in keyof S]: S[K] extends Param<infer T> ? T : never }
type Changes<S extends Shape> = { [K in keyof S]?: Values<S>[K] | null }
type Options = { push?: boolean; alone?: boolean; afresh?: boolean }

export const text: Param<string | null> = { unset: null, read: (raw) => raw }
/** What was typed into a search box. */
export const search: Param<string> = { unset: '', read: (raw) => raw }
export const whole: Param<number | null> = {
  unset: null,
  read: (raw) => (/^\d{1,15}$/.test(raw) ? Number(raw) : null),
}
export const flag: Param<boolean | null> = {
  unset: null,
  read: (raw) => (raw === 'true' ? true : raw === 'false' ? false : null),
}

/** One of some words; what stands for none of them is left out of the address. */
export function oneOf<V extends string>(words: readonly V[]): Param<V | null>
export function oneOf<V extends string>(words: readonly V[], unset: V): Param<V>
export function oneOf<V extends string>(words: readonly V[], unset: V | null = null): Param<V | null> {
  return { unset, read: (raw) => words.find((word) => word === raw) ?? unset }
}

/** Real calls, test calls, or both of them: every list that tells them apart. */
export const testChoices = ['real', 'test', 'both'] as const
export type TestChoice = (typeof testChoices)[number]
export const testShown = oneOf(testChoices, 'real')

/** As the API asks for it; undefined is both. */
export function testParam(shown: TestChoice): boolean | undefined {
  return shown === 'both' ? undefined : shown === 'test'
}

/**
 * What the address says of the names in `shape` (a constant of its module), and a way to change it: null leaves a name out,
 * names that are not given stay. `set(null)` leaves all of them out, `alone` whatever else stands there, `afresh` the place
 * in a list; `push` makes it a step the browser goes back over.
 */
export function useUrlState<S extends Shape>(shape: S) {
  const params = useSearchParams()
  const values = useMemo(() => {
    const read = ([name, { unset, read }]: [string, Param<unknown>]) => {
      const raw = params.get(name)
      return [name, raw === null ? unset : read(raw)]
    }
    return Object.fromEntries(Object.entries(shape).map(read)) as Values<S>
  }, [params, shape])
  // Next hears of addresses from its first effects on: a moment after what is drawn can be clicked.
  const heard = useRef(false)
  useEffect(() => {
    heard.current = true
  }, [])
  const set = (changes: Changes<S> | null, options: Options = {}) => {
    if (heard.current) write(changes, options)
    else setTimeout(() => set(changes, options))
  }
  const write = (changes: Changes<S> | null, { push, alone, afresh }: Options) => {
    const url = new URL(location.href)
    if (alone) url.search = ''
    if (afresh) for (const name of Object.keys(listPlace)) url.searchParams.delete(name)
    for (const name of Object.keys(changes ?? shape)) {
      const param = shape[name]
      const value = changes?.[name] ?? null
      if (!param || value === null || value === param.unset) url.searchParams.delete(name)
      else url.searchParams.set(name, String(value))
    }
    if (url.href === location.href) return
    if (push) history.pushState(null, '', url)
    else history.replaceState(null, '', url)
  }
  return [values, set] as const
}

/** The place in a list: a cursor, and the moment "the last hour" ended for it. */
export const listPlace = { cursor: text, asOf: whole }

/** The filters of a list. Changing one goes back to the first page; `active` tells whether any of them narrows it. */
export function useFilters<S extends Shape>(shape: S) {
  const [filters, set] = useUrlState(shape)
  const change = (changes: Changes<S> | null) => set(changes, { afresh: true })
  const active = Object.entries(shape).some(([name, { unset }]) => filters[name] !== unset)
  return { filters, change, clear: () => change(null), active }
}
