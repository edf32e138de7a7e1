'use client'

import { Ellipsis, PackagePlus, Pencil, Plus, Star, Trash2, TriangleAlert, Upload, Webhook } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { useBlocked } from '../shell/user'
import type { Product } from '../types'
import { Badge } from '../ui/badge'
import { Button, IconButton } from '../ui/button'
import { ShortId } from '../ui/copy'
import { ConfirmDialog } from '../ui/dialog'
import { EmptyState } from '../ui/feedback'
import { AllBody, useAll } from '../ui/list'
import { Menu, MenuItem, MenuSeparator } from '../ui/menu'
import type { Column } from '../ui/table'
import { text, useUrlState } from '../url-state'
import { useAction } from '../use-action'
import { useWords } from '../words'
import { Section } from './frame'
import { PoolDialog } from './pool-dialog'
import { ProductDialog } from './product-dialog'
import { WebhookTestDialog } from './webhook-test'

const lowPool = 10

type Open = { what: 'add' } | { what: 'edit' | 'pool' | 'webhook' | 'delete'; product: Product } | null

const shape = { pool: text }

export function ProductsPage() {
  const t = useTranslations('products')
  const words = useWords()
  const list = useAll<Product>('/products')
  const act = useAction('/products')
  const admin = useBlocked('admin')
  const operator = useBlocked('operator')
  const [open, setOpen] = useState<Open>(null)
  // Other pages lead to the pool of a product.
  const [{ pool: asked }, setAsked] = useUrlState(shape)
  const askedFor = list.data?.items.find((product) => product.id === asked && product.poolLeft !== null)
  const shownOpen: Open = open ?? (askedFor && !operator ? { what: 'pool', product: askedFor } : null)
  const close = () => {
    setOpen(null)
    setAsked(null)
  }
  const columns: Column<Product>[] = [
    {
      id: 'name',
      header: t('name'),
      card: 'title',
      cell: (p) => (
        <span className="inline-flex flex-wrap items-center gap-2">
          <span className="font-medium">{p.name}</span>
          {p.isDefault ? (
            <Badge tone="accent" icon={Star}>
              {t('default')}
            </Badge>
          ) : null}
        </span>
      ),
    },
    { id: 'kind', header: t('kind'), from: 'lg', cell: (p) => words.productKind(p.kind) },
    {
      id: 'ids',
      header: t('productIds'),
      cell: (p) => (
        <span className="inline-flex flex-wrap items-baseline gap-x-2">
          <ShortId value={p.productIds[0]} keep={24} />
          {p.productIds.length > 1 ? <span className="text-faint text-xs">+{p.productIds.length - 1}</span> : null}
        </span>
      ),
    },
    { id: 'delivery', header: t('delivery'), cell: (p) => words.deliveryType(p.delivery.type) },
    {
      id: 'stock',
      header: t('stock'),
      cell: (p) =>
        p.poolLeft === null ? (
          <span className="text-faint">–</span>
        ) : p.poolLeft < lowPool ? (
          <Badge tone={p.poolLeft === 0 ? 'bad' : 'warn'} icon={TriangleAlert}>
            {t('left', { count: p.poolLeft })}
          </Badge>
        ) : (
          t('left', { count: p.poolLeft })
        ),
    },
    {
      id: 'more',
      header: <span className="sr-only">{t('actions')}</span>,
      align: 'right',
      card: 'aside',
      cell: (p) => (
        <span className="inline-flex items-center gap-1">
          {p.delivery.type === 'pool' ? (
            <Button
              size="sm"
              blocked={operator}
              aria-label={t('fillNamed', { name: p.name })}
              onClick={() => setOpen({ what: 'pool', product: p })}
            >
              <Upload aria-hidden />
              {t('fill')}
            </Button>
          ) : null}
          <Menu
            trigger={
              <IconButton label={t('actionsOf', { name: p.name })} size="sm" quiet>
                <Ellipsis aria-hidden />
              </IconButton>
            }
          >
            <MenuItem disabled={Boolean(admin)} onSelect={() => setOpen({ what: 'edit', product: p })}>
              <Pencil aria-hidden />
              {t('edit')}
            </MenuItem>
            {p.delivery.type === 'webhook' ? (
              <MenuItem disabled={Boolean(admin)} onSelect={() => setOpen({ what: 'webhook', product: p })}>
                <Webhook aria-hidden />
                {t('testWebhook')}
              </MenuItem>
            ) : null}
            <MenuSeparator />
            <MenuItem danger disabled={Boolean(admin)} onSelect={() => setOpen({ what: 'delete', product: p })}>
              <Trash2 aria-hidden />
              {t('delete')}
            </MenuItem>
          </Menu>
        </span>
      ),
    },
  ]
  return (
    <>
      <Section
        lead={t('lead')}
        actions={
          <Button variant="primary" blocked={admin} onClick={() => setOpen({ what: 'add' })}>
            <Plus aria-hidden />
            {t('add')}
          </Button>
        }
      >
        <AllBody
          list={list}
          label={t('title')}
          columns={columns}
          rowKey={(p) => p.id}
          empty={
            <EmptyState
              icon={PackagePlus}
              title={t('none')}
              action={
                <Button blocked={admin} onClick={() => setOpen({ what: 'add' })}>
                  {t('add')}
                </Button>
              }
            >
              {t('noneHint')}
            </EmptyState>
          }
        />
      </Section>
      {shownOpen?.what === 'add' ? <ProductDialog onClose={close} /> : null}
      {shownOpen?.what === 'edit' ? <ProductDialog product={shownOpen.product} onClose={close} /> : null}
      {shownOpen?.what === 'pool' ? <PoolDialog product={shownOpen.product} onClose={close} /> : null}
      {shownOpen?.what === 'webhook' ? <WebhookTestDialog product={shownOpen.product} onClose={close} /> : null}
      {shownOpen?.what === 'delete' ? (
        <ConfirmDialog
          open
          onOpenChange={close}
          danger
          title={t('deleteTitle', { name: shownOpen.product.name })}
          confirmLabel={t('delete')}
          onConfirm={() =>
            act(
              () => api(`/products/${shownOpen.product.id}`, { method: 'DELETE' }),
              t('deleted', { name: shownOpen.product.name }),
            )
          }
        >
          <p>{t('deleteAsk')}</p>
          {shownOpen.product.isDefault ? <p className="mt-2 font-medium text-bad">{t('deleteDefault')}</p> : null}
          {shownOpen.product.poolLeft ? (
            <p className="mt-2 font-medium text-bad">{t('deletePool', { count: shownOpen.product.poolLeft })}</p>
          ) : null}
        </ConfirmDialog>
      ) : null}
    </>
  )
}
