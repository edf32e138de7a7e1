'use client'

import { Bookmark, BookmarkPlus, Trash2, Users } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { SavedView } from '../types'
import { Button } from '../ui/button'
import { later } from '../ui/later'
import { useAll } from '../ui/list'
import { Menu, MenuItem, MenuLabel, MenuSeparator } from '../ui/menu'

const SaveDialog = later(() => import('./view-dialogs').then((module) => module.SaveDialog))
const ManageDialog = later(() => import('./view-dialogs').then((module) => module.ManageDialog))

type Place = SavedView['page']
const homes: Record<Place, string> = { calls: '/calls', instances: '/instances', audit: '/settings/audit' }

/** The filters of this page under names: one's own and what others share. */
export function SavedViews({ page }: { page: Place }) {
  const t = useTranslations('views')
  const router = useRouter()
  const [open, setOpen] = useState<'save' | 'manage' | null>(null)
  const list = useAll<SavedView>(`/views?page=${page}`)
  const views = list.data?.items ?? []
  const group = (label: string, of: SavedView[]): ReactNode =>
    of.length > 0 ? (
      <>
        <MenuLabel>{label}</MenuLabel>
        {of.map((view) => (
          <MenuItem key={view.id} onSelect={() => router.push(`${homes[page]}${view.query ? `?${view.query}` : ''}`)}>
            {view.own && !view.shared ? <Bookmark aria-hidden /> : <Users aria-hidden />}
            {view.name}
          </MenuItem>
        ))}
        <MenuSeparator />
      </>
    ) : null
  return (
    <>
      <Menu
        className="max-h-[60vh] w-64 overflow-y-auto"
        trigger={
          <Button>
            <Bookmark aria-hidden />
            {t('menu')}
          </Button>
        }
      >
        {views.length === 0 ? <MenuLabel>{t('none')}</MenuLabel> : null}
        {group(
          t('own'),
          views.filter((view) => view.own),
        )}
        {group(
          t('shared'),
          views.filter((view) => !view.own),
        )}
        <MenuItem onSelect={() => setOpen('save')}>
          <BookmarkPlus aria-hidden />
          {t('save')}
        </MenuItem>
        {views.length > 0 ? (
          <MenuItem onSelect={() => setOpen('manage')}>
            <Trash2 aria-hidden />
            {t('manage')}
          </MenuItem>
        ) : null}
      </Menu>
      {open === 'save' ? <SaveDialog page={page} onClose={() => setOpen(null)} /> : null}
      {open === 'manage' ? <ManageDialog views={views} onClose={() => setOpen(null)} /> : null}
    </>
  )
}
