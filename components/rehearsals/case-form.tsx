'use client'

import { useTranslations } from 'use-intl'
import { fieldError } from '../api'
import type { Product } from '../types'
import { Field, Input, Select, Textarea } from '../ui/field'
import { useAll } from '../ui/list'
import { Labelled, Switch } from '../ui/ticks'
import { useWords } from '../words'
import { activitiesOf, type RehearsalCase, type Version } from './types'

export type Draft = {
  name: string
  version: Version
  activity: string
  productRef: string
  /** `name=value`, one a line */
  members: string
  expectCode: string
  scheduled: boolean
}

export const emptyDraft: Draft = {
  name: '',
  version: 'v2',
  activity: 'newInstance',
  productRef: '',
  members: '',
  expectCode: '',
  scheduled: true,
}

export function draftOf({ name, version, activity, productRef, members, expectCode, scheduled }: RehearsalCase): Draft {
  return {
    name,
    version,
    activity,
    productRef: productRef ?? '',
    members: Object.entries(members)
      .map(([member, value]) => `${member}=${value}`)
      .join('\n'),
    expectCode: expectCode ?? '',
    scheduled,
  }
}

/** The call in a draft as the API takes it; null when a line of its members cannot be read. */
export function callOf({ version, activity, productRef, members, expectCode }: Draft) {
  const pairs = members
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()] as const)
  if (pairs.some(([name]) => !/^[\w.-]+$/.test(name))) return null
  return {
    version,
    activity,
    productRef: productRef || null,
    members: Object.fromEntries(pairs),
    expectCode: expectCode.trim() || null,
  }
}

/** What is fired: version, activity, product and the members that differ from the usual ones. */
export function CallFields({
  draft,
  onChange,
  error,
}: {
  draft: Draft
  onChange: (draft: Draft) => void
  error: unknown
}) {
  const t = useTranslations('rehearsals')
  const words = useWords()
  const products = useAll<Product>('/products')
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change })
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={t('version')}>
          {(control) => (
            <Select
              {...control}
              value={draft.version}
              onChange={(event) => {
                const version = event.target.value as Version
                const [first = ''] = activitiesOf[version]
                set({ version, activity: activitiesOf[version].includes(draft.activity) ? draft.activity : first })
              }}
              options={[
                { value: 'v2', label: 'SaaS V2.0' },
                { value: 'v1', label: 'SaaS V1.0' },
              ]}
            />
          )}
        </Field>
        <Field label={t('activity')} error={fieldError(error, 'activity')}>
          {(control) => (
            <Select
              {...control}
              value={draft.activity}
              onChange={(event) => set({ activity: event.target.value })}
              options={activitiesOf[draft.version].map((value) => ({
                value,
                label: `${words.activity(value)} (${value})`,
              }))}
            />
          )}
        </Field>
        <Field label={t('product')}>
          {(control) => (
            <Select
              {...control}
              value={draft.productRef}
              onChange={(event) => set({ productRef: event.target.value })}
              options={[
                { value: '', label: t('noProduct') },
                ...(products.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name })),
              ]}
            />
          )}
        </Field>
        <Field label={t('expectCode')} hint={t('expectHint')} error={fieldError(error, 'expectCode')}>
          {(control) => (
            <Input
              {...control}
              value={draft.expectCode}
              maxLength={6}
              inputMode="numeric"
              placeholder="000000"
              onChange={(event) => set({ expectCode: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Field
        label={t('members')}
        hint={t('membersHint')}
        error={callOf(draft) === null ? t('membersWrong') : fieldError(error, 'members')}
      >
        {(control) => (
          <Textarea
            {...control}
            className="font-mono text-xs"
            value={draft.members}
            spellCheck={false}
            placeholder={'orderId=CS2207261447AUY4H'}
            onChange={(event) => set({ members: event.target.value })}
          />
        )}
      </Field>
    </>
  )
}

export function CaseFields(props: { draft: Draft; onChange: (draft: Draft) => void; error: unknown }) {
  const t = useTranslations('rehearsals')
  const { draft, onChange, error } = props
  return (
    <div className="flex flex-col gap-3">
      <Field label={t('name')} error={fieldError(error, 'name')}>
        {(control) => (
          <Input
            {...control}
            value={draft.name}
            maxLength={100}
            onChange={(event) => onChange({ ...draft, name: event.target.value })}
          />
        )}
      </Field>
      <CallFields {...props} />
      <Labelled label={t('scheduled')} hint={t('scheduledHint')}>
        <Switch checked={draft.scheduled} onCheckedChange={(scheduled) => onChange({ ...draft, scheduled })} />
      </Labelled>
    </div>
  )
}
