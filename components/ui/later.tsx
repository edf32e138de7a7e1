'use client'

import { type ComponentType, lazy, type ReactNode, Suspense } from 'react'

/** A part of a page that is fetched when it is first drawn. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>, waiting: ReactNode = null) {
  const Part = lazy(async () => ({ default: await load() }))
  return function Later(props: Props) {
    return (
      <Suspense fallback={waiting}>
        <Part {...props} />
      </Suspense>
    )
  }
}
