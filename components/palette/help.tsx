'use client'

import { useTranslations } from 'use-intl'
import { useCommandKey } from '../shell/command-key'
import { places } from '../shell/places'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'

const keys = [
  ['/', 'search'],
  ['j', 'down'],
  ['k', 'up'],
  ['Enter', 'open'],
  ['x', 'select'],
  ['r', 'replay'],
  ['?', 'help'],
] as const

/** Every key there is. */
export function KeyboardHelp({ onClose }: { onClose: () => void }) {
  const t = useTranslations('palette')
  const shell = useTranslations('shell')
  const common = useTranslations('common')
  const commandKey = useCommandKey()
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="sm"
      title={t('help')}
      footer={
        <Button variant="primary" onClick={onClose}>
          {common('done')}
        </Button>
      }
    >
      <dl className="grid grid-cols-[6rem_1fr] gap-x-4 gap-y-2 text-sm">
        {([[`${commandKey} K`, 'palette'], ...keys] as const).map(([key, what]) => (
          <div key={key} className="contents">
            <dt>
              <Key>{key}</Key>
            </dt>
            <dd>{t(`keys.${what}`)}</dd>
          </div>
        ))}
        {places
          .filter((place) => place.key)
          .map((place) => (
            <div key={place.path} className="contents">
              <dt className="flex gap-1">
                <Key>g</Key>
                <Key>{place.key}</Key>
              </dt>
              <dd>{t('keys.go', { page: shell(place.label as 'calls') })}</dd>
            </div>
          ))}
      </dl>
    </Dialog>
  )
}

function Key({ children }: { children: React.ReactNode }) {
  return (
    <kbd className="inline-flex h-6 min-w-6 items-center justify-center rounded-md border border-line-strong bg-sunken px-1.5 font-mono text-xs">
      {children}
    </kbd>
  )
}
