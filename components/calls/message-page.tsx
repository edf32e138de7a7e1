'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import {
  ChevronLeft,
  ClipboardCopy,
  Clock,
  Download,
  Ellipsis,
  GitCompareArrows,
  History,
  Mail,
  MessageSquareCheck,
  Pencil,
  RotateCcw,
  Undo2,
} from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, apiText, errorText } from '../api'
import { MessageStateChip, ResultCode, SourceMark, TestMark } from '../chips'
import { useBlocked } from '../shell/user'
import type { Call, CallDetail, MessageDetail } from '../types'
import { Badge } from '../ui/badge'
import { Button, IconButton } from '../ui/button'
import { Card, KeyValue, PageHeader } from '../ui/card'
import { copyText, Id } from '../ui/copy'
import { ErrorState, SkeletonRows } from '../ui/feedback'
import { saveFile } from '../ui/file'
import { later } from '../ui/later'
import { Link } from '../ui/link'
import { Menu, MenuItem, MenuSeparator } from '../ui/menu'
import { Time, useRemaining } from '../ui/time'
import { Timeline } from '../ui/timeline'
import { toast } from '../ui/toast'
import { text, useUrlState } from '../url-state'
import { outcomeLook, useWords } from '../words'
import { InstanceCard, NoticesCard, OrderCard } from './message-cards'
import { WindowLeft } from './message-list'
import { CallPayload } from './payload'
import { Situation } from './situation'

// What is opened by a click is fetched by it.
const ReplayDialog = later(() => import('./replay-dialog').then((module) => module.ReplayDialog))
const ResolveDialog = later(() => import('./replay-dialog').then((module) => module.ResolveDialog))
const EditedReplayDialog = later(() => import('./edited-replay').then((module) => module.EditedReplayDialog))
const PartnerMailDialog = later(() => import('./partner-mail').then((module) => module.PartnerMailDialog))
const BulkReplayDialog = later(() => import('./bulk-replay').then((module) => module.BulkReplayDialog))
const AttemptDiffDialog = later(() => import('./attempt-diff-dialog').then((module) => module.AttemptDiffDialog))

type Open = 'replay' | 'edit' | 'resolve' | 'mail' | 'compare' | 'since' | null

const shape = { attempt: text }

export function MessagePage({ id }: { id: string }) {
  const message = useQuery({
    queryKey: ['/messages', id],
    queryFn: ({ signal }) => api<MessageDetail>(`/messages/${id}`, { signal }),
    refetchInterval: 10_000,
  })
  if (message.isPending) return <SkeletonRows rows={8} />
  if (message.isError && !message.data)
    return <ErrorState list="/calls" error={message.error} onRetry={() => message.refetch()} />
  return <Message message={message.data} />
}

function Message({ message }: { message: MessageDetail }) {
  const t = useTranslations('message')
  const calls = useTranslations('calls')
  const words = useWords()
  const [open, setOpen] = useState<Open>(null)
  const [{ attempt }, setShown] = useUrlState(shape)
  const shown = message.calls.find((call) => call.id === attempt) ?? message.calls[0]
  const close = () => setOpen(null)
  const [run, setRun] = useState<string | null>(null)
  const replayed =
    message.state === 'succeeded' &&
    message.calls.some((call) => call.source === 'replay' && call.outcome === 'succeeded')

  return (
    <>
      <PageHeader
        above={
          <Link href="/calls" className="inline-flex items-center gap-1 rounded-sm text-soft hover:text-ink">
            <ChevronLeft className="size-4" aria-hidden />
            {calls('title')}
          </Link>
        }
        title={
          <>
            {words.activity(message.activity)}
            <MessageStateChip message={message} />
            {message.test ? <TestMark /> : null}
          </>
        }
        lead={
          <span className="flex flex-wrap gap-x-4 gap-y-1">
            {message.orderId ? <Id value={message.orderId} /> : null}
            {message.productName ? <span>{message.productName}</span> : null}
          </span>
        }
        actions={<Actions message={message} onOpen={setOpen} />}
      />
      <div className="flex flex-col gap-4">
        <Situation message={message} replayed={replayed} onMail={() => setOpen('mail')} />
        <Facts message={message} />
        <div className="grid items-start gap-4 lg:grid-cols-[19rem_minmax(0,1fr)] 2xl:grid-cols-[20rem_minmax(0,1fr)_20rem]">
          <Card
            title={t('attempts', { count: message.attempts })}
            actions={
              message.calls.length > 1 ? (
                <Button size="sm" variant="ghost" onClick={() => setOpen('compare')}>
                  <GitCompareArrows aria-hidden />
                  {t('compare')}
                </Button>
              ) : null
            }
            flush
          >
            <NextTry message={message} />
            <div className="max-h-80 overflow-y-auto p-2 lg:max-h-[40rem]">
              <Attempts calls={message.calls} shown={shown?.id} onShow={(id) => setShown({ attempt: id })} />
            </div>
          </Card>
          <Card>
            {shown ? <CallPayload key={shown.id} id={shown.id} /> : <p className="text-soft text-sm">{t('noCalls')}</p>}
          </Card>
          <div className="grid gap-4 md:grid-cols-2 lg:col-span-2 2xl:col-span-1 2xl:grid-cols-1">
            <InstanceCard message={message} />
            <OrderCard message={message} />
            <NoticesCard message={message} />
          </div>
        </div>
      </div>
      {open === 'replay' ? <ReplayDialog message={message} onClose={close} onNotify={() => setOpen('mail')} /> : null}
      {open === 'edit' ? <EditedReplayDialog message={message} onClose={close} /> : null}
      {open === 'resolve' ? <ResolveDialog message={message} onClose={close} /> : null}
      {open === 'compare' && shown ? (
        <AttemptDiffDialog calls={message.calls} shown={shown.id} onClose={close} />
      ) : null}
      {open === 'since' || run ? (
        <BulkReplayDialog
          key={run ?? 'new'}
          target={{
            kind: 'filter',
            filter: { state: 'open', outcome: 'failed', from: message.lastAt, test: message.test },
          }}
          runId={run}
          onRun={setRun}
          onClose={() => {
            close()
            setRun(null)
          }}
        />
      ) : null}
      {open === 'mail' ? <PartnerMailDialog message={message} onClose={close} /> : null}
    </>
  )
}

function Actions({ message, onOpen }: { message: MessageDetail; onOpen: (open: Open) => void }) {
  const t = useTranslations('message')
  const e = useTranslations('errors')
  const common = useTranslations('common')
  const client = useQueryClient()
  const role = useBlocked('operator')
  const blocked = role ?? (message.replayable ? null : t('notReplayable'))
  const fail = (fault: unknown) => toast.error(errorText(fault, e))
  const curl = async () => {
    try {
      const copied = await copyText(await apiText(`/calls/${message.lastCallId}/curl`))
      if (copied) toast.success(t('curlCopied'), { description: t('curlHint') })
      else toast.error(common('copyFailed'))
    } catch (fault) {
      fail(fault)
    }
  }
  const download = async () => {
    try {
      const details = await Promise.all(message.calls.map((call) => api<CallDetail>(`/calls/${call.id}`)))
      const whole = JSON.stringify({ ...message, calls: details }, null, 2)
      saveFile(`message-${message.id}.json`, whole, 'application/json')
    } catch (fault) {
      fail(fault)
    }
  }
  const reopen = async () => {
    try {
      await api(`/messages/${message.id}/reopen`, { method: 'POST' })
      await client.invalidateQueries({ queryKey: ['/messages'] })
      toast.success(t('reopened'))
    } catch (fault) {
      fail(fault)
    }
  }
  return (
    <>
      <Button
        variant={message.state === 'open' ? 'primary' : 'secondary'}
        blocked={blocked}
        data-key="r"
        aria-keyshortcuts="r"
        onClick={() => onOpen('replay')}
      >
        <RotateCcw aria-hidden />
        {t('replay')}
      </Button>
      {message.state === 'open' ? (
        <Button className="max-sm:[&_svg]:hidden" blocked={role} onClick={() => onOpen('resolve')}>
          <MessageSquareCheck aria-hidden />
          {t('resolve')}
        </Button>
      ) : null}
      <Button className="max-sm:[&_svg]:hidden" blocked={role} onClick={() => onOpen('mail')}>
        <Mail aria-hidden />
        {t('notify')}
      </Button>
      <Menu
        trigger={
          <IconButton label={t('more')} variant="secondary" quiet>
            <Ellipsis aria-hidden />
          </IconButton>
        }
      >
        <MenuItem disabled={Boolean(blocked)} onSelect={() => onOpen('edit')}>
          <Pencil aria-hidden />
          {t('editReplay')}
        </MenuItem>
        <MenuItem disabled={Boolean(role)} onSelect={() => onOpen('since')}>
          <History aria-hidden />
          {t('replaySinceThis')}
        </MenuItem>
        {message.state === 'resolved' ? (
          <MenuItem disabled={Boolean(role)} onSelect={reopen}>
            <Undo2 aria-hidden />
            {t('reopen')}
          </MenuItem>
        ) : null}
        <MenuSeparator />
        <MenuItem onSelect={curl}>
          <ClipboardCopy aria-hidden />
          {t('curl')}
        </MenuItem>
        <MenuItem onSelect={download}>
          <Download aria-hidden />
          {t('download')}
        </MenuItem>
      </Menu>
    </>
  )
}

function Facts({ message }: { message: MessageDetail }) {
  const t = useTranslations('message')
  const words = useWords()
  return (
    <Card>
      <KeyValue
        columns
        items={[
          [t('windowLeft'), <WindowLeft key="w" message={message} />],
          [t('result'), <ResultCode key="r" code={message.resultCode} message={message.resultMsg} />],
          [t('lastAt'), <Time key="l" at={message.lastAt} style="full" />],
          [t('firstAt'), <Time key="f" at={message.firstAt} style="full" />],
          [t('protocol'), words.protocol(message.protocol)],
          message.orderLineId ? [t('orderLine'), <Id key="o" value={message.orderLineId} />] : null,
          message.customerId ? [t('customer'), <Id key="c" value={message.customerId} />] : null,
          message.notifiedAt
            ? [
                t('notified'),
                <Badge key="n" tone="ok" icon={Mail}>
                  <Time at={message.notifiedAt} />
                </Badge>,
              ]
            : null,
        ]}
      />
    </Card>
  )
}

/** What comes next by itself: the marketplace's own tries, while its window is open. */
function NextTry({ message }: { message: MessageDetail }) {
  const t = useTranslations('message')
  const left = useRemaining(message.state === 'open' ? message.retryUntil : null)
  if (!left || left.ms <= 0) return null
  return (
    <p className="flex items-start gap-2 border-line border-b px-4 py-2 text-soft text-xs">
      <Clock className="mt-px size-3.5 shrink-0" aria-hidden />
      <span>
        {t('nextTry')} <Time at={message.retryUntil} />
      </span>
    </p>
  )
}

function Attempts({
  calls,
  shown,
  onShow,
}: {
  calls: Call[]
  shown: string | undefined
  onShow: (id: string) => void
}) {
  const t = useTranslations('message')
  const words = useWords()
  return (
    <Timeline
      label={t('attemptsLabel')}
      items={calls.map((call) => ({
        key: call.id,
        icon: outcomeLook[call.outcome].icon,
        tone: outcomeLook[call.outcome].tone,
        title: (
          <span className="font-medium">
            {call.resultCode ? words.code(call.resultCode) : words.outcome(call.outcome)}{' '}
            <span className="font-mono font-normal text-faint text-xs">{call.resultCode}</span>
          </span>
        ),
        aside: <Time at={call.receivedAt} />,
        body: (
          <span className="flex flex-wrap items-center gap-x-2">
            <SourceMark source={call.source} />
            {call.durationMs === null ? null : <span>{t('ms', { ms: call.durationMs })}</span>}
            {call.actor ? <span className="break-all">{call.actor}</span> : null}
          </span>
        ),
        selected: call.id === shown,
        onSelect: () => onShow(call.id),
      }))}
    />
  )
}
