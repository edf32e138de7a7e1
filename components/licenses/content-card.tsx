'use client'

import { Download } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Reveal } from '../reveal'
import type { LicenseDetail } from '../types'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { CopyButton } from '../ui/copy'
import { saveFile } from '../ui/file'

type Revealed = {
  license: string | null
  file: { name: string; base64: string } | null
  identificationCode: string | null
  deviceFingerprint: string | null
}

/** The licence, masked until an administrator asks for it. */
export function ContentCard({ license }: { license: LicenseDetail }) {
  const t = useTranslations('license')
  const [revealed, setRevealed] = useState<Revealed | null>(null)
  const there = license.license !== null || license.identificationCode || license.deviceFingerprint
  return (
    <Card
      title={t('content')}
      actions={
        there && !revealed ? (
          <Reveal
            path={`/licenses/${license.id}/reveal`}
            label={t('reveal')}
            title={t('revealTitle')}
            ask={t('revealAsk')}
            onReveal={setRevealed}
          />
        ) : null
      }
    >
      {revealed ? (
        <Content revealed={revealed} />
      ) : (
        <p className="break-all font-mono text-sm">
          {license.license ?? <span className="font-sans text-soft">{t('noContent')}</span>}
        </p>
      )}
    </Card>
  )
}

function Content({ revealed: { license, file, identificationCode, deviceFingerprint } }: { revealed: Revealed }) {
  const t = useTranslations('license')
  const save = () => {
    if (!file) return
    saveFile(
      file.name,
      Uint8Array.from(atob(file.base64), (char) => char.charCodeAt(0)),
    )
  }
  return (
    <div className="flex flex-col gap-3 text-sm">
      {license === null ? null : <Secret text={license} label={t('text')} />}
      {file ? (
        <Button size="sm" className="self-start" onClick={save}>
          <Download aria-hidden />
          {t('download')} {file.name}
        </Button>
      ) : null}
      {license === null && !file ? <p className="text-soft">{t('noContent')}</p> : null}
      {identificationCode ? <Secret text={identificationCode} label={t('identificationCode')} /> : null}
      {deviceFingerprint ? <Secret text={deviceFingerprint} label={t('deviceFingerprint')} /> : null}
    </div>
  )
}

function Secret({ text, label }: { text: string; label: string }) {
  return (
    <div>
      <p className="flex items-center gap-1 text-faint text-xs">
        {label}
        <CopyButton text={text} />
      </p>
      <p className="max-h-48 overflow-y-auto whitespace-pre-wrap break-all font-mono text-xs">{text}</p>
    </div>
  )
}
