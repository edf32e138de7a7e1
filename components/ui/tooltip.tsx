'use client'

import { cloneElement, type ReactElement, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { createPortal } from 'react-dom'

type Handlers = {
  'aria-describedby'?: string
  onPointerEnter?: (event: React.PointerEvent<HTMLElement>) => void
  onPointerLeave?: (event: React.PointerEvent<HTMLElement>) => void
  onPointerDown?: (event: React.PointerEvent<HTMLElement>) => void
  onFocus?: (event: React.FocusEvent<HTMLElement>) => void
  onBlur?: (event: React.FocusEvent<HTMLElement>) => void
}
type Place = { left: number; top: number; above: boolean }

const WAIT_MS = 350
/** Long enough to move the pointer from the control onto the words. */
const LEAVE_MS = 120

/** Adds words to a control; never the only place where something is said. */
export function Tooltip({ text, children }: { text: ReactNode; children: ReactElement<Handlers> }) {
  const id = useId()
  const [place, setPlace] = useState<Place | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const pressed = useRef(false)
  const own = children.props
  const later = (ms: number, what: () => void) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(what, ms)
  }
  const hide = () => later(0, () => setPlace(null))
  useEffect(() => () => clearTimeout(timer.current), [])
  useEffect(() => {
    if (!place) return
    const away = (event: Event) => {
      if (!(event instanceof KeyboardEvent) || event.key === 'Escape') setPlace(null)
    }
    document.addEventListener('keydown', away)
    window.addEventListener('scroll', away, true)
    return () => {
      document.removeEventListener('keydown', away)
      window.removeEventListener('scroll', away, true)
    }
  }, [place])
  return (
    <>
      {cloneElement(children, {
        'aria-describedby': place ? id : own['aria-describedby'],
        onPointerEnter: (event) => {
          own.onPointerEnter?.(event)
          const control = event.currentTarget
          if (event.pointerType !== 'touch') later(WAIT_MS, () => setPlace(placeBeside(control)))
        },
        onPointerLeave: (event) => {
          own.onPointerLeave?.(event)
          later(LEAVE_MS, () => setPlace(null))
        },
        onPointerDown: (event) => {
          own.onPointerDown?.(event)
          pressed.current = true
          hide()
        },
        onFocus: (event) => {
          own.onFocus?.(event)
          if (!pressed.current) setPlace(placeBeside(event.currentTarget))
          pressed.current = false
        },
        onBlur: (event) => {
          own.onBlur?.(event)
          pressed.current = false
          hide()
        },
      })}
      {place
        ? createPortal(
            <div
              id={id}
              role="tooltip"
              onPointerEnter={() => clearTimeout(timer.current)}
              onPointerLeave={hide}
              style={{ left: place.left, top: place.top, transform: `translate(-50%, ${place.above ? '-100%' : '0'})` }}
              className="fixed z-70 w-max max-w-72 animate-fade rounded-md bg-ink px-2 py-1 text-canvas text-xs shadow-pop"
            >
              {text}
            </div>,
            document.body,
          )
        : null}
    </>
  )
}

const GAP = 6
/** Half of the widest one, in px. */
const HALF = 144

/** Above the control, below it where there is no room; kept off the window's sides. */
function placeBeside(control: HTMLElement): Place {
  const { left, top, bottom, width } = control.getBoundingClientRect()
  const above = top > 56
  const middle = left + width / 2
  const room = Math.min(HALF, window.innerWidth / 2)
  const kept = Math.min(Math.max(middle, room), window.innerWidth - room)
  return { left: kept, top: above ? top - GAP : bottom + GAP, above }
}
