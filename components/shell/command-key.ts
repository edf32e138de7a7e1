'use client'

import { useSyncExternalStore } from 'react'

const never = () => () => {}

/** The key of commands where the reader sits; most of them sit at Windows. */
export function useCommandKey(): string {
  return useSyncExternalStore(
    never,
    () => (/Mac|iP/.test(navigator.platform) ? '⌘' : 'Ctrl'),
    () => 'Ctrl',
  )
}
