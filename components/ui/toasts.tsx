'use client'

import { useEffect, useState } from 'react'
import type { Theme } from '@/lib/i18n/locales'
import { later } from './later'
import { hasWaiting, listen } from './toast'

const ToastSink = later(() => import('./toast-sink').then((module) => module.ToastSink))

/** Results of actions, said once and gone; whatever must stay is on the page itself. */
export function Toasts({ theme }: { theme: Theme }) {
  const [said, setSaid] = useState(false)
  useEffect(() => {
    if (hasWaiting()) setSaid(true)
    return listen(() => setSaid(true))
  }, [])
  return said ? <ToastSink theme={theme} /> : null
}
