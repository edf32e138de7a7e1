'use client'

import { Search } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../ui/button'
import { Field, Input } from '../ui/field'
import { Menu, MenuItem, MenuLabel } from '../ui/menu'
import { mockOrders } from './types'

/** Any order or line by its id, or one of the orders the marketplace keeps for tests. */
export function LookUp() {
  const t = useTranslations('orders')
  const router = useRouter()
  const [id, setId] = useState('')
  const [wrong, setWrong] = useState(false)
  const go = (event: FormEvent) => {
    event.preventDefault()
    const wanted = id.trim()
    if (!/^[\w.-]{1,64}$/.test(wanted)) return setWrong(true)
    const [, orderId, line] = /^(.+)(-\d{6})$/.exec(wanted) ?? []
    router.push(
      orderId && line
        ? `/orders/${encodeURIComponent(orderId)}?line=${encodeURIComponent(wanted)}`
        : `/orders/${encodeURIComponent(wanted)}`,
    )
  }
  return (
    <form onSubmit={go} className="flex flex-wrap items-end gap-2">
      <Field label={t('lookUpLabel')} error={wrong ? t('lookUpWrong') : null} className="w-64 max-w-full">
        {(control) => (
          <Input
            {...control}
            value={id}
            maxLength={64}
            placeholder="CS2207261447AUY4H"
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => {
              setId(event.target.value)
              setWrong(false)
            }}
          />
        )}
      </Field>
      <Button type="submit" variant="primary">
        <Search aria-hidden />
        {t('lookUp')}
      </Button>
      <Menu trigger={<Button>{t('mockOrders')}</Button>}>
        <MenuLabel>{t('mockHint')}</MenuLabel>
        {mockOrders.map((order) => (
          <MenuItem key={order} onSelect={() => router.push(`/orders/${order}`)}>
            <span className="flex flex-col">
              <span>{t(`mock.${order}` as Parameters<typeof t>[0])}</span>
              <span className="font-mono text-faint text-xs">{order}</span>
            </span>
          </MenuItem>
        ))}
      </Menu>
    </form>
  )
}
