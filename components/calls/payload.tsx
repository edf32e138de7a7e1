'use client'

import { useQuery } from '@tanstack/react-query'
import { CircleCheck, Eye, ShieldX } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { Reveal } from '../reveal'
import type { CallDetail, SignatureCheck } from '../types'
import { Badge } from '../ui/badge'
import { KeyValue } from '../ui/card'
import { CodeView, JsonView, PairTable } from '../ui/code-view'
import { Callout, ErrorState, SkeletonRows } from '../ui/feedback'
import { Tabs } from '../ui/tabs'
import { useWords } from '../words'

export function useCall(id: string | null | undefined) {
  return useQuery({
    queryKey: ['/calls', id],
    queryFn: ({ signal }) => api<CallDetail>(`/calls/${id}`, { signal }),
    enabled: Boolean(id),
    staleTime: 60_000,
  })
}

/** One call as it was on the wire: request, answer, headers, and why its signature did or did not fit. */
export function CallPayload({ id }: { id: string }) {
  const call = useCall(id)
  const [revealed, setRevealed] = useState<CallDetail | null>(null)
  if (call.isPending) return <SkeletonRows rows={5} />
  if (call.isError) return <ErrorState error={call.error} onRetry={() => call.refetch()} />
  const shown = revealed?.id === id ? revealed : call.data
  if (shown.payloadGone) return <Gone />
  return <PayloadTabs call={shown} revealed={shown === revealed} onReveal={setRevealed} />
}

function Gone() {
  const t = useTranslations('call')
  return <Callout tone="info">{t('payloadGone')}</Callout>
}

type PayloadTabsProps = { call: CallDetail; revealed: boolean; onReveal: (call: CallDetail) => void }

function PayloadTabs({ call, revealed, onReveal }: PayloadTabsProps) {
  const t = useTranslations('call')
  const [tab, setTab] = useState(call.signature && !call.signature.ok ? 'signature' : 'request')
  const { request, answer, signature } = call
  const labels = { request: t('request'), answer: t('answer'), headers: t('headers'), signature: t('signature') }
  return (
    <div className="relative">
      <div className="-mt-1 mb-1 flex justify-end sm:absolute sm:top-1 sm:right-0 sm:z-1 sm:m-0">
        {revealed ? (
          <Badge tone="warn" icon={Eye}>
            {t('revealed')}
          </Badge>
        ) : (
          <Reveal
            path={`/calls/${call.id}/reveal`}
            label={t('reveal')}
            title={t('revealTitle')}
            ask={t('revealAsk')}
            onReveal={onReveal}
          />
        )}
      </div>
      <Tabs
        value={tab}
        onChange={setTab}
        label={t('parts')}
        tabs={[
          {
            value: 'request',
            label: labels.request,
            content: (
              <div className="flex flex-col gap-4">
                <p className="break-all font-mono text-xs">
                  <span className="font-semibold">{request.method}</span> {request.path}
                </p>
                {request.query.length > 0 ? <PairTable pairs={request.query} label={t('parameters')} /> : null}
                {request.body ? <JsonView text={request.body} label={t('requestBody')} /> : null}
              </div>
            ),
          },
          {
            value: 'answer',
            label: labels.answer,
            content: answer ? (
              <div className="flex flex-col gap-3">
                <p className="text-sm">
                  HTTP <span className="font-mono">{answer.status}</span>
                </p>
                <JsonView text={answer.body} label={t('answerBody')} />
              </div>
            ) : (
              <Callout tone="warn">{t('noAnswer')}</Callout>
            ),
          },
          {
            value: 'headers',
            label: labels.headers,
            content: (
              <div className="flex flex-col gap-4">
                <div>
                  <h2 className="mb-1.5 font-medium text-sm">{t('requestHeaders')}</h2>
                  <PairTable pairs={Object.entries(request.headers)} label={t('requestHeaders')} />
                </div>
                {answer ? (
                  <div>
                    <h2 className="mb-1.5 font-medium text-sm">{t('answerHeaders')}</h2>
                    <PairTable pairs={Object.entries(answer.headers)} label={t('answerHeaders')} />
                  </div>
                ) : null}
              </div>
            ),
          },
          {
            value: 'signature',
            label: (
              <span className="inline-flex items-center gap-1.5">
                {labels.signature}
                {signature && !signature.ok ? (
                  <Badge tone="bad" icon={ShieldX}>
                    {t('signatureBad')}
                  </Badge>
                ) : null}
              </span>
            ),
            content: signature ? (
              <Signature check={signature} />
            ) : (
              <p className="text-soft text-sm">{t('noSignature')}</p>
            ),
          },
        ]}
      />
    </div>
  )
}

function Signature({ check }: { check: SignatureCheck }) {
  const t = useTranslations('call')
  const words = useWords()
  const skew = check.skewMs === null ? null : Math.round(check.skewMs / 1000)
  return (
    <div className="flex flex-col gap-4">
      {check.ok ? (
        <Callout tone="ok" icon={CircleCheck}>
          {t('signatureOk', { name: check.credentialName ?? '–' })}
        </Callout>
      ) : (
        <Callout tone="bad" icon={ShieldX}>
          <p className="font-medium">{check.reason ? words.signatureReason(check.reason) : t('signatureDiffers')}</p>
          {skew === null ? null : <p className="mt-0.5 text-xs">{t('skew', { seconds: skew })}</p>}
        </Callout>
      )}
      <KeyValue
        items={[
          [t('credential'), check.credentialName ?? '–'],
          check.variant
            ? [
                t('variant'),
                <span key="v" className="font-mono text-xs">
                  {check.variant}
                </span>,
              ]
            : null,
          [
            t('received'),
            <span key="r" className="break-all font-mono text-xs">
              {check.received ?? '–'}
            </span>,
          ],
          [
            t('computed'),
            <span key="c" className={check.ok ? 'break-all font-mono text-xs' : 'break-all font-mono text-bad text-xs'}>
              {check.computed ?? '–'}
            </span>,
          ],
        ]}
      />
      {check.signedText ? (
        <div>
          <h2 className="mb-1.5 font-medium text-sm">{t('signedText')}</h2>
          <CodeView text={check.signedText} label={t('signedText')} />
          <p className="mt-1 text-faint text-xs">{t('signedTextHint')}</p>
        </div>
      ) : null}
    </div>
  )
}
