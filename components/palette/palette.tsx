'use client'

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import {
  ArrowRight,
  Boxes,
  Building2,
  CornerDownLeft,
  FileText,
  Keyboard,
  KeyRound,
  type LucideIcon,
  PackageOpen,
  Phone,
  RotateCcw,
  Search,
  UserRound,
  Webhook,
} from 'lucide-react'
import { useRouter } from 'next/navigation'
import * as Radix from 'radix-ui/dialog'
import { useEffect, useId, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { places } from '../shell/places'
import { useBlocked } from '../shell/user'
import type { Page, SearchHit } from '../types'
import { cn } from '../ui/cn'
import { useWords } from '../words'

type Entry = {
  key: string
  icon: LucideIcon
  title: string
  hint?: string | null
  exact?: boolean
  run: () => void
}
type Group = { label: string; entries: Entry[] }

const icons: Record<SearchHit['kind'], LucideIcon> = {
  message: Webhook,
  call: Phone,
  instance: PackageOpen,
  order: FileText,
  customer: UserRound,
  license: KeyRound,
  tenant: Building2,
}

/** Goes anywhere: type an id, a name, a page or an action. */
export function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const t = useTranslations('palette')
  const [text, setText] = useState('')
  const [wanted, setWanted] = useState('')
  const [active, setActive] = useState(0)
  const id = useId()
  useEffect(() => {
    const timer = setTimeout(() => setWanted(text.trim()), 120)
    return () => clearTimeout(timer)
  }, [text])
  const groups = useGroups(text.trim(), wanted, onClose, onHelp)
  const entries = groups.flatMap((group) => group.entries)
  const chosen = entries[Math.min(active, entries.length - 1)]
  const move = (step: number) => setActive((active + step + entries.length) % Math.max(1, entries.length))
  return (
    <Radix.Root open onOpenChange={onClose}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-60 animate-fade bg-[oklch(0.15_0.02_268/0.45)]" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed inset-x-3 top-[10vh] z-70 mx-auto flex max-h-[70vh] max-w-xl flex-col overflow-hidden rounded-xl bg-raised shadow-overlay outline-none"
        >
          <Radix.Title className="sr-only">{t('title')}</Radix.Title>
          <div className="flex items-center gap-2.5 border-line border-b px-4">
            <Search className="size-4 shrink-0 text-faint" aria-hidden />
            <input
              role="combobox"
              aria-label={t('title')}
              aria-expanded
              aria-controls={`${id}-list`}
              aria-activedescendant={chosen ? `${id}-${chosen.key}` : undefined}
              // biome-ignore lint/a11y/noAutofocus: the palette is opened to type
              autoFocus
              spellCheck={false}
              maxLength={80}
              value={text}
              placeholder={t('placeholder')}
              onChange={(event) => {
                setText(event.target.value)
                setActive(0)
              }}
              onKeyDown={(event) => {
                if (event.nativeEvent.isComposing) return
                if (event.key === 'ArrowDown') move(1)
                else if (event.key === 'ArrowUp') move(-1)
                else if (event.key === 'Enter') chosen?.run()
                else return
                event.preventDefault()
              }}
              className="h-12 w-full bg-transparent text-base outline-none"
            />
          </div>
          <div id={`${id}-list`} role="listbox" aria-label={t('results')} className="min-h-0 overflow-y-auto p-1.5">
            {groups.map((group) =>
              group.entries.length > 0 ? (
                // biome-ignore lint/a11y/useSemanticElements: options are grouped as ARIA knows it
                <div key={group.label} role="group" aria-label={group.label}>
                  <p aria-hidden className="px-2.5 pt-2 pb-1 text-faint text-xs">
                    {group.label}
                  </p>
                  {group.entries.map((entry) => (
                    <Option
                      key={entry.key}
                      id={`${id}-${entry.key}`}
                      entry={entry}
                      active={entry === chosen}
                      onActive={() => setActive(entries.indexOf(entry))}
                    />
                  ))}
                </div>
              ) : null,
            )}
          </div>
          {entries.length === 0 ? (
            <p role="status" className="px-4 pb-5 text-center text-sm text-soft">
              {t('nothing')}
            </p>
          ) : null}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

type OptionProps = { id: string; entry: Entry; active: boolean; onActive: () => void }

function Option({ id, entry, active, onActive }: OptionProps) {
  const { icon: Icon, title, hint, run } = entry
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the combobox that owns the list
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      ref={(node) => {
        if (active) node?.scrollIntoView({ block: 'nearest' })
      }}
      onClick={run}
      onPointerMove={onActive}
      className={cn('flex cursor-default items-center gap-2.5 rounded-md px-2.5 py-2 text-sm', active && 'bg-hover')}
    >
      <Icon className="size-4 shrink-0 text-faint" aria-hidden />
      <span className="min-w-0 truncate">{title}</span>
      {hint ? <span className="min-w-0 shrink truncate text-faint text-xs">{hint}</span> : null}
      {active ? <CornerDownLeft className="ml-auto size-3.5 shrink-0 text-faint" aria-hidden /> : null}
    </div>
  )
}

function useGroups(text: string, wanted: string, onClose: () => void, onHelp: () => void): Group[] {
  const t = useTranslations('palette')
  const shell = useTranslations('shell')
  const words = useWords()
  const router = useRouter()
  const blocked = useBlocked('operator')
  const found = useQuery({
    queryKey: ['/search', wanted],
    queryFn: ({ signal }) => api<Page<SearchHit>>('/search', { query: { q: wanted }, signal }),
    enabled: wanted.length >= 2,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  })
  const go = (path: string) => () => {
    onClose()
    router.push(path)
  }
  const fits = ({ title, hint }: Entry) =>
    text === '' || `${title} ${hint ?? ''}`.toLowerCase().includes(text.toLowerCase())
  const hits = wanted.length >= 2 && text.length >= 2 ? (found.data?.items ?? []) : []
  const things = hits.map(
    (hit): Entry => ({
      key: `${hit.kind}-${hit.id}`,
      icon: icons[hit.kind],
      title: hit.activity ? `${words.activity(hit.activity)} · ${hit.title}` : hit.title,
      hint: [t(`kind.${hit.kind}`), hit.hint].filter(Boolean).join(' · '),
      run: go(hit.path),
    }),
  )
  const pages = places.map(
    ({ path, label, key }): Entry => ({
      key: `page-${path}`,
      icon: ArrowRight,
      title: label.startsWith('settings.')
        ? `${shell('settings')} · ${t(`page.${label.slice(9)}` as 'page.alerts')}`
        : shell(label as 'calls'),
      hint: key ? `g ${key}` : null,
      run: go(path),
    }),
  )
  const actions: Entry[] = [
    ...(blocked ? [] : [{ key: 'since', icon: RotateCcw, title: t('replaySince'), run: go('/calls?since=1') }]),
    { key: 'causes', icon: Boxes, title: t('causes'), run: go('/calls?view=causes') },
    {
      key: 'help',
      icon: Keyboard,
      title: t('help'),
      hint: '?',
      run: () => {
        onClose()
        onHelp()
      },
    },
  ]
  return [
    { label: t('found'), entries: things },
    { label: t('pages'), entries: pages.filter(fits) },
    { label: t('actions'), entries: actions.filter(fits) },
  ]
}
