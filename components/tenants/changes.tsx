'use client'

import { Clock } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { TenantSync } from '../types'
import { Badge } from '../ui/badge'

const SHOWN = 3
const things = ['binding', 'app', 'member', 'department'] as const
const parts = [
  ...([
    'parentCode',
    'name',
    'orgCode',
    'role',
    'enabled',
    'position',
    'employeeCode',
    'employeeType',
    'workPlace',
  ] as const),
  'contact' as const,
]
const fields = ['state', 'tenantCode', 'name', 'domainName', 'clientId', 'clientSecret'] as const

/** What a sync changed, in words: the API names the thing and its id in one (`member ana`). */
function useChangeWords() {
  const t = useTranslations('tenants')
  const one = <T extends string>(known: readonly T[], value: string) => known.find((name) => name === value)
  return {
    field(text: string): string {
      const plain = one(fields, text)
      if (plain) return t(plain)
      const [kind = '', ...rest] = text.split(' ')
      const thing = one(things, kind)
      if (!thing) return text
      const part = rest.length > 1 ? one(parts, rest.at(-1) ?? '') : undefined
      const named = t(`changed.${thing}`, { id: rest.slice(0, part ? -1 : undefined).join(' ') })
      return part ? t('changed.of', { thing: named, part: t(`changed.parts.${part}`) }) : named
    },
    value(text: unknown): string {
      if (text === null || text === undefined || text === '') return '–'
      const word = String(text)
      const state = one(['announced', 'bound', 'unbound'] as const, word)
      if (state) return t(`states.${state}`)
      const access = one(['granted', 'revoked', 'deleted'] as const, word)
      if (access) return t(`memberStates.${access}`)
      const plain = one(['new', 'true', 'false', 'user', 'admin'] as const, word)
      return plain ? t(`changed.words.${plain}`) : word
    },
  }
}

export function Changes({ sync }: { sync: TenantSync }) {
  const t = useTranslations('tenants')
  const words = useChangeWords()
  // Beyond a hundred the API tells only how many more there are.
  const told = sync.changes.filter(({ field }) => field !== '…')
  const untold = Number(/\d+$/.exec(String(sync.changes.find(({ field }) => field === '…')?.to ?? ''))?.[0] ?? 0)
  const more = told.length - Math.min(SHOWN, told.length) + untold
  return (
    <span className="flex flex-col items-start gap-0.5 text-xs">
      {sync.late ? (
        <Badge tone="warn" icon={Clock}>
          {t('late')}
        </Badge>
      ) : null}
      {told.slice(0, SHOWN).map(({ field, from, to }) => (
        <span key={field} className="break-words text-soft">
          {words.field(field)}: {words.value(from)} → {words.value(to)}
        </span>
      ))}
      {more > 0 ? <span className="text-faint">{t('moreChanges', { count: more })}</span> : null}
      {sync.changes.length === 0 && !sync.late && sync.outcome === 'succeeded' ? (
        <span className="text-faint">{t('noChanges')}</span>
      ) : null}
    </span>
  )
}
