'use client'

import { CircleCheck, CircleDashed, CircleX, FileDiff } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { InstanceStateChip, MessageStateChip, ResultCode, TestMark } from '../chips'
import { LicenseStateChip } from '../licenses/words'
import { Reveal } from '../reveal'
import { Button } from '../ui/button'
import { Card, KeyValue } from '../ui/card'
import { Id, ShortId } from '../ui/copy'
import { EmptyState } from '../ui/feedback'
import { Link } from '../ui/link'
import { Time } from '../ui/time'
import { Timeline } from '../ui/timeline'
import { useWords } from '../words'
import { Supervision } from './supervision'
import type { Buyer, Dossier } from './types'
import { FieldValue, useOrderWords } from './words'

export function BuyerCard({ orderId, buyer }: { orderId: string; buyer: Buyer }) {
  const t = useTranslations('orders')
  const [revealed, setRevealed] = useState<Buyer | null>(null)
  const shown = revealed ?? buyer
  return (
    <Card
      title={t('buyer')}
      actions={
        revealed || (!buyer.mobilePhone && !buyer.email) ? null : (
          <Reveal
            path={`/orders/${encodeURIComponent(orderId)}/reveal`}
            label={t('reveal')}
            title={t('revealTitle')}
            ask={t('revealAsk')}
            onReveal={(answer: { buyer: Buyer }) => setRevealed(answer.buyer)}
          />
        )
      }
    >
      <KeyValue
        columns
        items={[
          [t('customer'), shown.customerName ?? '–'],
          [t('realName'), shown.customerRealName ?? '–'],
          [t('customerId'), <Id key="c" value={shown.customerId} />],
          [
            t('customerType'),
            shown.customerType === null ? '–' : t(shown.customerType === 1 ? 'enterprise' : 'person'),
          ],
          [t('phone'), shown.mobilePhone ?? '–'],
          [t('mail'), shown.email ?? '–'],
          shown.userName || shown.userId ? [t('user'), shown.userName ?? shown.userId] : null,
        ]}
      />
    </Card>
  )
}

const stepLook = {
  done: { tone: 'ok', icon: CircleCheck },
  waiting: { tone: 'info', icon: CircleDashed },
  failed: { tone: 'bad', icon: CircleX },
} as const

export function Known({ dossier, orderId, stored }: { dossier: Dossier; orderId: string; stored: boolean }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  const desk = useWords()
  return (
    <>
      {stored ? (
        <Card title={t('expected')} flush>
          <div className="p-2">
            {dossier.expected.length === 0 ? (
              <EmptyState title={t('nothingExpected')} />
            ) : (
              <Timeline
                label={t('expected')}
                items={dossier.expected.map((step, at) => ({
                  key: `${step.step}-${step.orderLineId}-${step.instanceId}-${at}`,
                  ...stepLook[step.state],
                  title: step.messageId ? (
                    <Link href={`/calls/messages/${step.messageId}`} className="rounded-sm hover:text-accent">
                      {words.step(step.step)}
                    </Link>
                  ) : (
                    words.step(step.step)
                  ),
                  aside: step.state === 'done' ? <Time at={step.at} /> : t(`stepState.${step.state}`),
                  body:
                    step.state !== 'done' && step.at ? (
                      <>
                        {t('repeatsUntil')} <Time at={step.at} />
                      </>
                    ) : null,
                }))}
              />
            )}
          </div>
        </Card>
      ) : null}
      <Card
        title={t('calls')}
        actions={
          <Button asChild size="sm" variant="ghost">
            <Link href={`/calls?view=calls&test=both&q=${encodeURIComponent(orderId)}`}>{t('allCalls')}</Link>
          </Button>
        }
      >
        {dossier.messages.length === 0 ? (
          <p className="text-sm text-soft">{t('noCalls')}</p>
        ) : (
          <ul className="space-y-2 text-sm">
            {dossier.messages.map((message) => (
              <li key={message.id} className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <Link href={`/calls/messages/${message.id}`} className="rounded-sm font-medium hover:text-accent">
                  {desk.activity(message.activity)}
                </Link>
                <MessageStateChip message={message} />
                {message.test ? <TestMark /> : null}
                <ResultCode code={message.resultCode} />
                <Time at={message.lastAt} className="ml-auto text-faint text-xs" />
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Card title={t('instances')}>
        {dossier.instances.length === 0 ? (
          <p className="text-sm text-soft">{t('noInstance')}</p>
        ) : (
          <ul className="space-y-2 text-sm">
            {dossier.instances.map((instance) => (
              <li key={instance.instanceId} className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <Link
                  href={`/instances/${encodeURIComponent(instance.instanceId)}`}
                  className="rounded-sm font-medium hover:text-accent"
                >
                  <ShortId value={instance.instanceId} keep={22} />
                </Link>
                <InstanceStateChip state={instance.state} />
                {instance.test ? <TestMark /> : null}
                <span className="text-soft">{instance.productName}</span>
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Card title={t('licenses')}>
        {dossier.licenses.length === 0 ? (
          <p className="text-sm text-soft">{t('noLicense')}</p>
        ) : (
          <ul className="space-y-2 text-sm">
            {dossier.licenses.map((license) => (
              <li key={license.id} className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <Link href={`/licenses/${license.id}`} className="rounded-sm font-medium hover:text-accent">
                  {license.license ?? t('licenseNotIssued')}
                </Link>
                <LicenseStateChip state={license.state} />
                {license.test ? <TestMark /> : null}
                {license.expiresAt ? (
                  <Time at={license.expiresAt} style="date" className="ml-auto text-faint text-xs" />
                ) : null}
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Supervision orderId={orderId} notes={dossier.supervision} />
      <Card title={t('lookUps')} flush>
        <div className="p-2">
          {dossier.lookUps.length === 0 ? (
            <p className="p-2 text-sm text-soft">{t('noLookUps')}</p>
          ) : (
            <Timeline
              label={t('lookUps')}
              items={dossier.lookUps.map((lookUp) => ({
                key: lookUp.id,
                icon: lookUp.outcome === 'failed' ? CircleX : lookUp.outcome === 'unchanged' ? CircleCheck : FileDiff,
                tone: lookUp.outcome === 'failed' ? 'bad' : lookUp.outcome === 'unchanged' ? 'idle' : 'info',
                title: t(`lookUpOutcome.${lookUp.outcome}`),
                aside: <Time at={lookUp.at} />,
                body: [
                  lookUp.actor,
                  lookUp.family ? words.failure(lookUp.family).title : null,
                  lookUp.code,
                  `${lookUp.durationMs} ms`,
                ]
                  .filter(Boolean)
                  .join(' · '),
              }))}
            />
          )}
        </div>
      </Card>
    </>
  )
}

export function Answers({ answers }: { answers: Dossier['answers'] }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  // A path such as `lines[CS1-000001].products[0].skuCode`; names in brackets are the buyer's and may hold dots.
  const label = (path: string) =>
    path
      .split(/\.(?![^[]*\])/)
      .map((member) => {
        const [, name = member, key = ''] = /^(\w+)\[(.*)\]$/.exec(member) ?? []
        if (name === 'products') return `${t('product')} ${Number(key) + 1}`
        if (name === 'buyer') return t('customer')
        return key || (name === 'value' ? '' : words.field(name))
      })
      .filter(Boolean)
      .join(' · ')
  return (
    <Card title={t('answers')} flush>
      <div className="p-2">
        <Timeline
          label={t('answers')}
          items={answers.map(({ since, until, changes }) => ({
            key: since,
            icon: FileDiff,
            tone: changes.length > 0 ? 'info' : 'idle',
            title: changes.length > 0 ? t('changed', { count: changes.length }) : t('firstAnswer'),
            aside: <Time at={since} />,
            body: (
              <>
                <span className="block">
                  {t('saidUntil')} <Time at={until} style="full" />
                </span>
                {changes.map(({ path, from, to }) => {
                  const field = path.split('.').at(-1) ?? path
                  const text = (value: unknown) => (value === null ? null : String(value))
                  return (
                    <span key={path} className="mt-0.5 block break-words">
                      <span className="text-faint">{label(path)}</span>{' '}
                      <del className="text-bad">
                        <FieldValue field={field} value={text(from)} />
                      </del>{' '}
                      →{' '}
                      <ins className="text-ok no-underline">
                        <FieldValue field={field} value={text(to)} />
                      </ins>
                    </span>
                  )
                })}
              </>
            ),
          }))}
        />
      </div>
    </Card>
  )
}
