'use client'

import { useQueryClient } from '@tanstack/react-query'
import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, errorText, fieldError } from '../api'
import { useBlocked, useUser } from '../shell/user'
import type { SavedView } from '../types'
import { Button, IconButton } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { FormError } from '../ui/feedback'
import { Field, Input } from '../ui/field'
import { Checkbox, Labelled } from '../ui/ticks'
import { toast } from '../ui/toast'
import { useSubmit } from '../use-action'

type Place = SavedView['page']

/** What of the address is a filter: not the place in the list, nor a dialog that is open. */
function presentQuery(): string {
  const query = new URLSearchParams(window.location.search)
  for (const name of ['cursor', 'asOf', 'bulk', 'since']) query.delete(name)
  return query.toString()
}

export function SaveDialog({ page, onClose }: { page: Place; onClose: () => void }) {
  const t = useTranslations('views')
  const common = useTranslations('common')
  const blocked = useBlocked('operator')
  const [query] = useState(presentQuery)
  const [name, setName] = useState('')
  const [shared, setShared] = useState(false)
  const [tried, setTried] = useState(false)
  const { submit, busy, error } = useSubmit([`/views?page=${page}`], onClose)
  const save = async () => {
    setTried(true)
    if (!name.trim()) return
    const json = { page, name: name.trim(), query, shared }
    await submit(() => api('/views', { method: 'POST', json }), t('saved', { name: json.name }))
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="sm"
      title={t('saveTitle')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" loading={busy} onClick={save}>
            {common('save')}
          </Button>
        </>
      }
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <FormError error={error} fields={['name']} />
        <Field label={t('name')} error={tried && !name.trim() ? t('nameNeeded') : fieldError(error, 'name')}>
          {(control) => (
            <Input
              {...control}
              maxLength={60}
              autoComplete="off"
              value={name}
              onChange={(e) => setName(e.target.value)}
            />
          )}
        </Field>
        <Labelled label={t('share')} hint={blocked ? t('shareHint') : undefined}>
          <Checkbox checked={shared} disabled={Boolean(blocked)} onCheckedChange={(on) => setShared(on)} />
        </Labelled>
      </form>
    </Dialog>
  )
}

export function ManageDialog({ views, onClose }: { views: SavedView[]; onClose: () => void }) {
  const t = useTranslations('views')
  const e = useTranslations('errors')
  const common = useTranslations('common')
  const client = useQueryClient()
  const { role } = useUser()
  const refresh = (page: Place) => client.invalidateQueries({ queryKey: [`/views?page=${page}`] })
  const restore = async ({ page, name, query, shared }: SavedView) => {
    try {
      await api('/views', { method: 'POST', json: { page, name, query, shared } })
    } catch (fault) {
      toast.error(errorText(fault, e))
    }
    await refresh(page)
  }
  const remove = async (view: SavedView) => {
    try {
      await api(`/views/${view.id}`, { method: 'DELETE' })
      toast.success(t('deleted'), view.own ? { action: { label: t('undo'), onClick: () => void restore(view) } } : {})
    } catch (fault) {
      toast.error(errorText(fault, e))
    }
    await refresh(view.page)
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="sm"
      title={t('manageTitle')}
      footer={
        <Button variant="primary" onClick={onClose}>
          {common('done')}
        </Button>
      }
    >
      {views.length === 0 ? <p className="text-sm text-soft">{t('none')}</p> : null}
      <ul className="divide-y divide-line">
        {views.map((view) => (
          <li key={view.id} className="flex items-center justify-between gap-3 py-1.5 text-sm">
            <span className="min-w-0 break-words">
              {view.name}
              {view.own ? null : <span className="block text-faint text-xs">{t('by', { owner: view.owner })}</span>}
            </span>
            {view.own || role === 'admin' ? (
              <IconButton label={t('delete', { name: view.name })} size="sm" quiet onClick={() => remove(view)}>
                <Trash2 aria-hidden />
              </IconButton>
            ) : null}
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
