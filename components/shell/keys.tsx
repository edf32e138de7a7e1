'use client'

import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import { later } from '../ui/later'
import { places } from './places'

const loadPalette = () => import('../palette/palette').then((module) => module.Palette)
const Palette = later(loadPalette)
const KeyboardHelp = later(() => import('../palette/help').then((module) => module.KeyboardHelp))

const GO_MS = 1200
const typing = 'input, textarea, select, [contenteditable], [role="dialog"], [role="menu"], [role="listbox"]'

/** The event that opens the palette from a button anywhere. */
export const openPalette = 'desk:palette'

/** Keys that work on every page: ⌘K, ?, /, r, and g followed by a letter. */
export function Keys() {
  const router = useRouter()
  const [open, setOpen] = useState<'palette' | 'help' | null>(null)
  const going = useRef(0)
  useEffect(() => {
    const onOpen = () => setOpen('palette')
    const onKey = (event: KeyboardEvent) => {
      // Fetched before the K follows, so that what is typed next finds it.
      if (event.key === 'Meta' || event.key === 'Control') void loadPalette().catch(() => {})
      if ((event.metaKey || event.ctrlKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        setOpen((now) => (now === 'palette' ? null : 'palette'))
        return
      }
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || event.isComposing) return
      const target = event.target as HTMLElement
      if (target.closest(typing) || document.querySelector('[role="dialog"]')) return
      if (Date.now() - going.current < GO_MS) {
        going.current = 0
        const place = places.find(({ key }) => key === event.key)
        if (place) {
          event.preventDefault()
          router.push(place.path)
        }
        return
      }
      if (event.key === 'g') going.current = Date.now()
      else if (event.key === '?') setOpen('help')
      else if (event.key === '/') press('input[type="search"]', event)
      else if (event.key === 'r') press('[data-key="r"]', event)
    }
    document.addEventListener('keydown', onKey)
    window.addEventListener(openPalette, onOpen)
    return () => {
      document.removeEventListener('keydown', onKey)
      window.removeEventListener(openPalette, onOpen)
    }
  }, [router])
  if (open === 'palette') return <Palette onClose={() => setOpen(null)} onHelp={() => setOpen('help')} />
  if (open === 'help') return <KeyboardHelp onClose={() => setOpen(null)} />
  return null
}

function press(selector: string, event: KeyboardEvent) {
  const found = document.querySelector<HTMLElement>(`main ${selector}`)
  if (!found) return
  event.preventDefault()
  if (found instanceof HTMLInputElement) found.focus()
  else found.click()
}
