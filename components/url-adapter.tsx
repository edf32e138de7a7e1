'use client'

import { usePathname, useSearchParams } from 'next/navigation'
import { unstable_createAdapterProvider as createAdapterProvider, renderQueryString } from 'nuqs/adapters/custom'
import { NuqsAdapter } from 'nuqs/adapters/next/app'
import { type ReactNode, startTransition } from 'react'
import { isLeaving } from './leaving'

/** By this title the outer adapter knows that a change of the address is nuqs' own. */
const OWN = '__nuqs__'

const Guarded = createAdapterProvider(() => {
  const searchParams = useSearchParams()
  return {
    searchParams: new URLSearchParams(searchParams),
    pathname: usePathname(),
    // As the outer adapter has it: one change is up to three calls of the history, of which browsers allow few.
    rateLimitFactor: 3,
    autoResetQueueOnUpdate: false,
    updateUrl(search, { history: how, scroll }) {
      // Filters are written some 50 ms late. To the router that is a way to another place, and ends the one it is on.
      if (isLeaving()) return
      startTransition(() => {
        const url = `${location.origin}${location.pathname}${renderQueryString(search)}${location.hash}`
        if (how === 'push') history.pushState(null, OWN, url)
        else history.replaceState(null, OWN, url)
        if (scroll) window.scrollTo(0, 0)
      })
    },
  }
})

/** Filters in the address, none of which takes back a click that leads to another page. */
export function UrlAdapter({ children }: { children: ReactNode }) {
  return (
    <NuqsAdapter>
      <Guarded>{children}</Guarded>
    </NuqsAdapter>
  )
}
