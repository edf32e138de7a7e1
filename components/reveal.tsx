'use client'

import { useQueryClient } from '@tanstack/react-query'
import { Eye } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, errorText } from './api'
import { useBlocked } from './shell/user'
import { Button } from './ui/button'
import { ConfirmDialog } from './ui/dialog'
import { toast } from './ui/toast'

type RevealProps<Answer> = {
  /** of the API, below /api/v1 */
  path: string
  label: string
  title: string
  /** what is about to be shown, and that it is written down */
  ask: string
  onReveal: (answer: Answer) => void
}

/** Shows to administrators what is masked, after a question; the server writes down who looked. */
export function Reveal<Answer>({ path, label, title, ask, onReveal }: RevealProps<Answer>) {
  const e = useTranslations('errors')
  const blocked = useBlocked('admin')
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const reveal = async () => {
    try {
      onReveal(await api<Answer>(path, { method: 'POST' }))
      // Who looked stands in the history of what was looked at.
      void client.invalidateQueries({ queryKey: [path.slice(0, path.indexOf('/', 1))] })
    } catch (fault) {
      toast.error(errorText(fault, e))
      return false
    }
  }
  return (
    <>
      <Button size="sm" variant="ghost" blocked={blocked} onClick={() => setAsking(true)}>
        <Eye aria-hidden />
        {label}
      </Button>
      <ConfirmDialog open={asking} onOpenChange={setAsking} title={title} confirmLabel={label} onConfirm={reveal}>
        {ask}
      </ConfirmDialog>
    </>
  )
}
