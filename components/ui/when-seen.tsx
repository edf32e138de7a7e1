'use client'

import { type ReactNode, startTransition, useEffect, useRef, useState } from 'react'

const PATIENCE_MS = 2000

/** Draws what is heavy once it is in view and the browser has nothing else to do; until then `waiting`, of the same size. */
export function WhenSeen({ waiting, children }: { waiting: ReactNode; children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null)
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    if (seen || !place.current) return
    const show = () => startTransition(() => setSeen(true))
    // A busy browser tells of several moments at once; whether it was in view at any of them counts.
    const observer = new IntersectionObserver((moments) => {
      if (!moments.some(({ isIntersecting }) => isIntersecting)) return
      observer.disconnect()
      // Safari has no idle time to tell of.
      if ('requestIdleCallback' in window) window.requestIdleCallback(show, { timeout: PATIENCE_MS })
      else setTimeout(show)
    })
    observer.observe(place.current)
    return () => observer.disconnect()
  }, [seen])
  return seen ? (
    children
  ) : (
    <div ref={place} data-unseen>
      {waiting}
    </div>
  )
}
