'use client'

import { ChevronLeft } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { ResultCode, SourceMark, TestMark } from '../chips'
import type { CallDetail } from '../types'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card, KeyValue, PageHeader } from '../ui/card'
import { Id } from '../ui/copy'
import { Callout, ErrorState, SkeletonRows } from '../ui/feedback'
import { Link } from '../ui/link'
import { Time } from '../ui/time'
import { outcomeLook, useWords } from '../words'
import { subjectPath } from './message-cards'
import { CallPayload, useCall } from './payload'

export function CallPage({ id }: { id: string }) {
  const call = useCall(id)
  if (call.isPending) return <SkeletonRows rows={8} />
  if (call.isError) return <ErrorState list="/calls?view=calls" error={call.error} onRetry={() => call.refetch()} />
  return <SingleCall call={call.data} />
}

function SingleCall({ call }: { call: CallDetail }) {
  const t = useTranslations('message')
  const calls = useTranslations('calls')
  const words = useWords()
  const look = outcomeLook[call.outcome]
  return (
    <>
      <PageHeader
        above={
          <Link href="/calls?view=calls" className="inline-flex items-center gap-1 rounded-sm text-soft hover:text-ink">
            <ChevronLeft className="size-4" aria-hidden />
            {calls('view.calls')}
          </Link>
        }
        title={
          <>
            {words.activity(call.activity)}
            <Badge {...look}>{words.outcome(call.outcome)}</Badge>
            {call.test ? <TestMark /> : null}
          </>
        }
        lead={<Time at={call.receivedAt} style="full" />}
        actions={
          call.messageId ? (
            <Button asChild variant="primary">
              <Link href={`/calls/messages/${call.messageId}?attempt=${call.id}`}>{t('openMessage')}</Link>
            </Button>
          ) : null
        }
      />
      <div className="flex flex-col gap-4">
        {call.outcome === 'rejected' && !call.messageId ? <Callout tone="warn">{t('rejectedHint')}</Callout> : null}
        <Card>
          <KeyValue
            columns
            items={[
              [calls('result'), <ResultCode key="r" code={call.resultCode} message={call.resultMsg} />],
              [t('source'), <SourceMark key="s" source={call.source} />],
              [t('protocol'), words.protocol(call.protocol)],
              [t('duration'), call.durationMs === null ? '–' : t('ms', { ms: call.durationMs })],
              call.actor ? [t('actor'), call.actor] : null,
              [t('order'), <Id key="o" value={call.orderId} />],
              [
                t('instance'),
                call.instanceId && call.outcome !== 'rejected' && call.resultCode !== '000003' ? (
                  <Link
                    key="i"
                    className="rounded-sm text-accent hover:underline"
                    href={subjectPath(call, call.instanceId)}
                  >
                    <span className="break-all font-mono text-[0.92em]">{call.instanceId}</span>
                  </Link>
                ) : (
                  <Id key="i" value={call.instanceId} />
                ),
              ],
              [t('customer'), <Id key="c" value={call.customerId} />],
              call.replayOf
                ? [
                    t('replayOf'),
                    <Link key="p" className="rounded-sm text-accent hover:underline" href={`/calls/${call.replayOf}`}>
                      {t('original')}
                    </Link>,
                  ]
                : null,
            ]}
          />
          {call.resultMsg ? (
            <p className="mt-3 break-words border-line border-t pt-3 text-sm text-soft">{call.resultMsg}</p>
          ) : null}
        </Card>
        <Card>
          <CallPayload id={call.id} />
        </Card>
      </div>
    </>
  )
}
