'use client'

import { CircleX, Mail } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { InstanceStateChip } from '../chips'
import type { Call, MessageDetail } from '../types'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card, KeyValue } from '../ui/card'
import { Id } from '../ui/copy'
import { Link } from '../ui/link'
import { Time } from '../ui/time'

/** Where what a call is about is shown: an instance, or a licence. */
export function subjectPath({ protocol, activity }: Pick<Call, 'protocol' | 'activity'>, id: string): string {
  const named = encodeURIComponent(id)
  if (protocol !== 'license') return `/instances/${named}`
  return activity === 'getLicenseAsync' ? `/licenses?test=both&q=${named}` : `/licenses/${named}`
}

function Quiet({ children }: { children: ReactNode }) {
  return <p className="text-sm text-soft">{children}</p>
}

export function InstanceCard({ message }: { message: MessageDetail }) {
  const t = useTranslations('message')
  const license = useTranslations('license')
  const { instance, instanceId } = message
  if (!instance && message.protocol === 'license' && instanceId && message.resultCode !== '000003') {
    return (
      <Card title={license('content')}>
        <Link className="rounded-sm text-accent text-sm hover:underline" href={subjectPath(message, instanceId)}>
          {license('openLicense')}
        </Link>
      </Card>
    )
  }
  if (!instance) {
    return (
      <Card title={t('instance')}>{instanceId ? <Id value={instanceId} /> : <Quiet>{t('noInstance')}</Quiet>}</Card>
    )
  }
  return (
    <Card
      title={t('instance')}
      actions={
        <Button asChild size="sm" variant="link" className="px-0">
          <Link href={`/instances/${encodeURIComponent(instance.instanceId)}`}>{t('openInstance')}</Link>
        </Button>
      }
    >
      <KeyValue
        items={[
          [t('state'), <InstanceStateChip key="s" state={instance.state} />],
          [t('id'), <Id key="i" value={instance.instanceId} />],
          [t('customer'), instance.customerName ?? instance.customerId ?? '–'],
          [t('product'), instance.productName ?? instance.productId ?? '–'],
          [t('expires'), <Time key="e" at={instance.expiresAt} style="date" />],
        ]}
      />
    </Card>
  )
}

export function OrderCard({ message: { order, orderId } }: { message: MessageDetail }) {
  const t = useTranslations('message')
  const words = useTranslations('words')
  if (!order) return <Card title={t('order')}>{orderId ? <Id value={orderId} /> : <Quiet>{t('noOrder')}</Quiet>}</Card>
  const type = `orderType.${order.orderType}` as 'orderType.NEW'
  return (
    <Card title={t('order')}>
      <KeyValue
        items={[
          [t('id'), <Id key="i" value={order.orderId} />],
          [t('orderType'), words.has(type) ? words(type) : (order.orderType ?? '–')],
          [t('createdAt'), <Time key="c" at={order.createdAt} style="full" />],
          [t('lines'), order.lines.length],
          [t('fetchedAt'), <Time key="f" at={order.fetchedAt} style="relative" />],
        ]}
      />
    </Card>
  )
}

export function NoticesCard({ message }: { message: MessageDetail }) {
  const t = useTranslations('message')
  return (
    <Card title={t('notices')}>
      {message.notices.length === 0 ? (
        <Quiet>{t('noNotices')}</Quiet>
      ) : (
        <ul className="space-y-3">
          {message.notices.map((notice) => (
            <li key={notice.id} className="text-sm">
              <div className="flex flex-wrap items-center gap-2">
                <Badge
                  tone={notice.state === 'failed' ? 'bad' : notice.state === 'composed' ? 'idle' : 'ok'}
                  icon={notice.state === 'failed' ? CircleX : Mail}
                >
                  {t(`noticeState.${notice.state}`)}
                </Badge>
                <Time at={notice.sentAt ?? notice.createdAt} className="text-faint text-xs" />
              </div>
              <p className="mt-0.5 break-words">{notice.subject}</p>
              <p className="break-all text-faint text-xs">
                {notice.recipient} · {notice.createdBy}
              </p>
              {notice.error ? <p className="break-words text-bad text-xs">{notice.error}</p> : null}
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}
