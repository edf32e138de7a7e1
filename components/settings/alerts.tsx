'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { BellOff, BellRing, CircleCheck, CircleX, Clock, Send } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { alertKinds, useAlertText } from '../alerts/alert-text'
import { api, errorText, fieldError } from '../api'
import { useDesk } from '../shell/desk'
import type { Alert, AlertSettings, AlertTest } from '../types'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { useDrawn } from '../ui/drawn'
import { Callout, EmptyState, ErrorState, FormError, SkeletonRows } from '../ui/feedback'
import { Field, Input, Select, Textarea } from '../ui/field'
import { ListBody, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Checkbox, Labelled, Switch } from '../ui/ticks'
import { Time } from '../ui/time'
import { toast } from '../ui/toast'

/** Who is told what, when not, whether it arrives, and what was told. */
export function AlertsPage() {
  const t = useTranslations('alerts')
  const settings = useQuery({
    queryKey: ['/alert-settings'],
    queryFn: ({ signal }) => api<AlertSettings>('/alert-settings', { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const data = useDrawn(settings.data)
  return (
    <div className="flex flex-col gap-5">
      <p className="max-w-3xl text-sm text-soft">{t('lead')}</p>
      {settings.isError ? (
        <ErrorState error={settings.error} onRetry={() => settings.refetch()} />
      ) : data ? (
        <SettingsForm settings={data} />
      ) : (
        <SkeletonRows rows={6} />
      )}
      {data || settings.isError ? <History /> : null}
    </div>
  )
}

type Draft = {
  mailTo: string
  language: AlertSettings['language']
  kinds: AlertSettings['kinds']
  thresholds: Record<keyof AlertSettings['thresholds'], string>
  quiet: boolean
  from: string
  to: string
  timeZone: 'Asia/Shanghai' | 'UTC'
  urgentThroughQuiet: boolean
  hook: boolean
  url: string
  secret: string
}

const thresholds = ['windowMinutes', 'failedOrders', 'stuckMinutes', 'poolLow'] as const
const bounds = { windowMinutes: [5, 180], failedOrders: [1, 5], stuckMinutes: [1, 1440], poolLow: [1, 10_000] } as const

function draftOf(settings: AlertSettings): Draft {
  const { mailTo, language, kinds, quietHours, urgentThroughQuiet, webhook } = settings
  const texts = thresholds.map((name) => [name, String(settings.thresholds[name])])
  return {
    mailTo: mailTo.join('\n'),
    language,
    kinds,
    thresholds: Object.fromEntries(texts) as Draft['thresholds'],
    quiet: quietHours !== null,
    from: quietHours?.from ?? '22:00',
    to: quietHours?.to ?? '08:00',
    timeZone: quietHours?.timeZone ?? 'Asia/Shanghai',
    urgentThroughQuiet,
    hook: webhook !== null,
    url: webhook?.url ?? '',
    secret: '',
  }
}

function inputOf(draft: Draft): object {
  const { mailTo, language, kinds, quiet, from, to, timeZone, urgentThroughQuiet, hook, url, secret } = draft
  return {
    mailTo: mailTo.split(/[\s,;，；]+/).filter(Boolean),
    language,
    kinds,
    thresholds: Object.fromEntries(thresholds.map((name) => [name, Number(draft.thresholds[name])])),
    quietHours: quiet ? { from, to, timeZone } : null,
    urgentThroughQuiet,
    webhook: hook ? { url: url.trim(), ...(secret ? { secret } : {}) } : null,
  }
}

function SettingsForm({ settings }: { settings: AlertSettings }) {
  const t = useTranslations('alerts')
  const e = useTranslations('errors')
  const common = useTranslations('common')
  const client = useQueryClient()
  const desk = useDesk()
  const [saved, setSaved] = useState(() => draftOf(settings))
  const [draft, setDraft] = useState(saved)
  const [busy, setBusy] = useState<'save' | 'test' | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [test, setTest] = useState<AlertTest | null>(null)
  const put = (more: Partial<Draft>) => setDraft({ ...draft, ...more })
  const changed = JSON.stringify(draft) !== JSON.stringify(saved)
  const save = async () => {
    setBusy('save')
    setError(null)
    try {
      const answer = await api<AlertSettings>('/alert-settings', { method: 'PUT', json: inputOf(draft) })
      client.setQueryData(['/alert-settings'], answer)
      setSaved(draftOf(answer))
      setDraft(draftOf(answer))
      toast.success(t('saved'))
    } catch (fault) {
      setError(fault)
    }
    setBusy(null)
  }
  const tryOut = async () => {
    setBusy('test')
    setTest(null)
    try {
      setTest(await api<AlertTest>('/alert-settings/test', { method: 'POST' }))
    } catch (fault) {
      toast.error(errorText(fault, e))
    }
    setBusy(null)
  }
  const names = ['mailTo', 'webhook.url', 'webhook.secret', 'quietHours.from', 'quietHours.to']
  const fields = [...names, ...thresholds.map((name) => `thresholds.${name}`)]
  return (
    <form
      className="flex flex-col gap-5"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <FormError error={error} fields={fields} />
      <div className="grid items-start gap-5 lg:grid-cols-2">
        <Card title={t('channels')}>
          <div className="flex flex-col gap-4">
            {desk.data && !desk.data.mailConfigured ? <Callout tone="warn">{t('noSmtp')}</Callout> : null}
            <Field label={t('mailTo')} hint={t('mailToHint')} error={fieldError(error, 'mailTo')}>
              {(control) => (
                <Textarea
                  {...control}
                  rows={3}
                  spellCheck={false}
                  value={draft.mailTo}
                  onChange={(ev) => put({ mailTo: ev.target.value })}
                />
              )}
            </Field>
            <Field label={t('language')}>
              {(control) => (
                <Select
                  {...control}
                  value={draft.language}
                  onChange={(ev) => put({ language: ev.target.value as Draft['language'] })}
                  options={(['both', 'zh-CN', 'en'] as const).map((value) => ({
                    value,
                    label: t(`languages.${value}`),
                  }))}
                />
              )}
            </Field>
            <Labelled label={t('webhook')} hint={t('webhookHint')}>
              <Switch checked={draft.hook} onCheckedChange={(hook) => put({ hook })} />
            </Labelled>
            {draft.hook ? (
              <>
                <Field label={t('url')} error={fieldError(error, 'webhook.url')}>
                  {(control) => (
                    <Input {...control} type="url" value={draft.url} onChange={(ev) => put({ url: ev.target.value })} />
                  )}
                </Field>
                <Field
                  label={t('secret')}
                  hint={settings.webhook?.secretSet ? t('secretKept') : t('secretHint')}
                  error={fieldError(error, 'webhook.secret')}
                >
                  {(control) => (
                    <Input
                      {...control}
                      type="password"
                      autoComplete="new-password"
                      value={draft.secret}
                      onChange={(ev) => put({ secret: ev.target.value })}
                    />
                  )}
                </Field>
              </>
            ) : null}
          </div>
        </Card>
        <Card title={t('what')}>
          <div className="flex flex-col gap-3">
            {alertKinds.map((kind) => (
              <Labelled key={kind} label={t(`kind.${kind}`)} hint={t(`kindHint.${kind}`)}>
                <Checkbox
                  checked={draft.kinds[kind]}
                  onCheckedChange={(on) => put({ kinds: { ...draft.kinds, [kind]: on === true } })}
                />
              </Labelled>
            ))}
            <div className="mt-2 grid grid-cols-2 gap-3">
              {thresholds.map((name) => (
                <Field key={name} label={t(`threshold.${name}`)} error={fieldError(error, `thresholds.${name}`)}>
                  {(control) => (
                    <Input
                      {...control}
                      type="number"
                      min={bounds[name][0]}
                      max={bounds[name][1]}
                      value={draft.thresholds[name]}
                      onChange={(ev) => put({ thresholds: { ...draft.thresholds, [name]: ev.target.value } })}
                    />
                  )}
                </Field>
              ))}
            </div>
          </div>
        </Card>
        <Card title={t('quiet')}>
          <div className="flex flex-col gap-4">
            <Labelled label={t('quietOn')} hint={t('quietHint')}>
              <Switch checked={draft.quiet} onCheckedChange={(quiet) => put({ quiet })} />
            </Labelled>
            {draft.quiet ? (
              <>
                <div className="grid grid-cols-3 gap-3">
                  {(['from', 'to'] as const).map((end) => (
                    <Field key={end} label={t(end)} error={fieldError(error, `quietHours.${end}`)}>
                      {(control) => (
                        <Input
                          {...control}
                          type="time"
                          value={draft[end]}
                          onChange={(ev) => put({ [end]: ev.target.value })}
                        />
                      )}
                    </Field>
                  ))}
                  <Field label={t('timeZone')}>
                    {(control) => (
                      <Select
                        {...control}
                        value={draft.timeZone}
                        onChange={(ev) => put({ timeZone: ev.target.value as Draft['timeZone'] })}
                        options={[
                          { value: 'Asia/Shanghai', label: t('beijing') },
                          { value: 'UTC', label: 'UTC' },
                        ]}
                      />
                    )}
                  </Field>
                </div>
                <Labelled label={t('urgent')} hint={t('urgentHint')}>
                  <Checkbox
                    checked={draft.urgentThroughQuiet}
                    onCheckedChange={(on) => put({ urgentThroughQuiet: on === true })}
                  />
                </Labelled>
              </>
            ) : null}
          </div>
        </Card>
        <Card title={t('try')}>
          <div className="flex flex-col items-start gap-3 text-sm">
            <p className="text-soft">{t('tryHint')}</p>
            <Button blocked={changed ? t('saveFirst') : null} loading={busy === 'test'} onClick={tryOut}>
              <Send aria-hidden />
              {t('send')}
            </Button>
            {test ? (
              test.results.length === 0 ? (
                <Callout tone="warn">{t('noChannel')}</Callout>
              ) : (
                <ul className="w-full space-y-1.5">
                  {test.results.map(({ channel, recipient, error: fault }) => (
                    <li key={`${channel} ${recipient}`} className="flex flex-wrap items-baseline gap-2">
                      <Badge tone={fault ? 'bad' : 'ok'} icon={fault ? CircleX : CircleCheck}>
                        {t(fault ? 'failed' : 'arrived')}
                      </Badge>
                      <span className="break-all">{recipient}</span>
                      {fault ? <span className="w-full break-words text-soft text-xs">{fault}</span> : null}
                    </li>
                  ))}
                </ul>
              )
            ) : null}
          </div>
        </Card>
      </div>
      <div className="flex justify-end gap-2">
        {changed ? <Button onClick={() => setDraft(saved)}>{common('cancel')}</Button> : null}
        <Button type="submit" variant="primary" disabled={!changed} loading={busy === 'save'}>
          {common('save')}
        </Button>
      </div>
    </form>
  )
}

const looks = {
  firing: { tone: 'bad', icon: BellRing },
  recovered: { tone: 'ok', icon: CircleCheck },
  lapsed: { tone: 'idle', icon: Clock },
} as const

function History() {
  const t = useTranslations('alerts')
  const say = useAlertText()
  const list = useList<Alert>('/alerts', { query: () => ({}), key: 'all', limit: 20 })
  const columns: Column<Alert>[] = [
    {
      id: 'at',
      header: t('firedAt'),
      card: 'aside',
      cell: (a) => <Time at={a.firedAt} className="whitespace-nowrap text-soft" />,
    },
    {
      id: 'state',
      header: t('state'),
      card: 'plain',
      cell: (a) => <Badge {...looks[a.state]}>{t(`states.${a.state}`)}</Badge>,
    },
    { id: 'title', header: t('what'), link: true, card: 'title', cell: (a) => say.title(a) },
    {
      id: 'about',
      header: t('about'),
      from: 'lg',
      card: 'plain',
      cell: (a) => <span className="line-clamp-2 break-words text-soft text-xs">{say.about(a)}</span>,
    },
    {
      id: 'notices',
      header: t('notices'),
      align: 'right',
      card: 'plain',
      cell: (a) => (
        <span className="whitespace-nowrap text-xs">
          {a.notifiedAt === null ? t('untold') : t('told', { sent: a.sent })}
          {a.failed > 0 ? <span className="ml-1.5 text-bad">{t('toldFailed', { failed: a.failed })}</span> : null}
        </span>
      ),
    },
  ]
  return (
    <Card title={t('history')} flush>
      <ListBody
        {...list}
        label={t('history')}
        columns={columns}
        rowKey={(a) => a.id}
        href={(a) => a.path}
        empty={
          <EmptyState icon={BellOff} title={t('none')}>
            {t('noneHint')}
          </EmptyState>
        }
      />
    </Card>
  )
}
