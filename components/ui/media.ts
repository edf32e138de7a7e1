'use client'

import { useSyncExternalStore } from 'react'

/** Whether a media query holds; false while the server renders. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const media = window.matchMedia(query)
      media.addEventListener('change', changed)
      return () => media.removeEventListener('change', changed)
    },
    () => window.matchMedia(query).matches,
    () => false,
  )
}

/** Tables become cards below this width. */
export function useNarrow(): boolean {
  return useMedia('(max-width: 767px)')
}
