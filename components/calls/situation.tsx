'use client'

import { CircleCheck, CircleX, Clock, Mail, MessageSquareCheck } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { ResultCode } from '../chips'
import { useBlocked } from '../shell/user'
import type { MessageDetail, Product } from '../types'
import { Button } from '../ui/button'
import { Callout } from '../ui/feedback'
import { Link } from '../ui/link'
import { useAll } from '../ui/list'
import { Time, useRemaining } from '../ui/time'

/** What matters now, and the next thing to do about it. */
export function Situation({
  message,
  replayed,
  onMail,
}: {
  message: MessageDetail
  replayed: boolean
  onMail: () => void
}) {
  const t = useTranslations('message')
  const left = useRemaining(message.state === 'open' ? message.retryUntil : null)
  const blocked = useBlocked('operator')
  if (message.state === 'resolved') {
    return (
      <Callout tone="info" icon={MessageSquareCheck}>
        <p>
          {t('resolvedBy', { name: message.resolvedBy ?? '–' })} · <Time at={message.closedAt} />
        </p>
        {message.resolvedNote ? <p className="mt-0.5 whitespace-pre-wrap">{message.resolvedNote}</p> : null}
      </Callout>
    )
  }
  if (replayed && !message.notifiedAt) {
    return (
      <Callout tone="ok" icon={CircleCheck}>
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
          <span>{t('replayedNowNotify')}</span>
          <Button size="sm" variant="primary" blocked={blocked} onClick={onMail}>
            <Mail aria-hidden />
            {t('writeMail')}
          </Button>
        </div>
      </Callout>
    )
  }
  if (message.state !== 'open') return null
  if (message.outcome === 'processing') {
    return (
      <Callout tone="info" icon={Clock}>
        <p className="font-medium">{t('beingDelivered')}</p>
        <p className="mt-0.5">{left && left.ms <= 0 ? t('deliveryLate') : t('deliveryHint')}</p>
      </Callout>
    )
  }
  const first = firstLine(message.resultMsg)
  const opened = message.activity === 'newInstance' && message.instance?.deliveryState === 'delivered'
  return (
    <Callout tone="bad" icon={CircleX}>
      <p className="font-medium">
        <ResultCode code={message.resultCode} tone={false} />
      </p>
      {first ? <p className="mt-0.5 break-words">{first}</p> : null}
      {opened ? <p className="mt-0.5">{t('openedSince')}</p> : null}
      {message.activity === 'newInstance' ? <FillPool message={message} /> : null}
      <p className="mt-1 text-xs">
        {left ? (left.ms > 0 ? t('windowRuns', { left: left.text }) : t('windowOver')) : t('noWindow')}
      </p>
    </Callout>
  )
}

function firstLine(text: string | null): string {
  return text?.split('\n')[0] ?? ''
}

/** Where a purchase found no account: the way to more of them. */
function FillPool({ message }: { message: MessageDetail }) {
  const t = useTranslations('message')
  const products = useAll<Product>('/products')
  const product = products.data?.items.find(({ name }) => name === message.productName)
  if (product?.delivery.type !== 'pool' || product.poolLeft !== 0) return null
  return (
    <p className="mt-0.5">
      {t('poolEmpty')}{' '}
      <Link href={`/settings/products?pool=${product.id}`} className="rounded-sm underline underline-offset-2">
        {t('fillPool')}
      </Link>
    </p>
  )
}
