import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseKit, parseLicenseV1, parseLicenseV2, readQuery } from '@/lib/marketplace'
import { type Fields, signCall } from './caller'
import { KIT_NAMES, signKitCall } from './kit'
import { LICENSE_ACTIVITIES } from './license-calls'
import { enterpriseStories } from './shop-enterprises'
import { licenseStories } from './shop-licenses'
import type { Stage, Step } from './shop-stage'
import { usageDays } from './shop-usage'

const until = new Date('2026-06-15T04:30:00Z')
const [target, key] = ['http://127.0.0.1:1/api/produce', 'a-key-0001']
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()

/** Plays steps for nobody; answers what the marketplace called, each call understood by the product's wire. */
async function play(steps: Step[]) {
  const calls: { at: Date; name: string; fields: Fields }[] = []
  const staff: string[] = []
  let now = until
  const noted = (what: string) => async () => void staff.push(what)
  const stage: Stage = {
    async call(version, activity, fields) {
      const signed = signCall({ target, version, activity, fields, key, at: now })
      const read =
        version === 'v1'
          ? parseLicenseV1(readQuery(new URL(signed.url).search.slice(1)))
          : parseLicenseV2(JSON.parse(signed.body))
      if (/licen[sc]e/i.test(activity)) expect(read).toMatchObject({ ok: true })
      calls.push({ at: now, name: activity, fields })
      return { resultCode: '000000', instanceId: 'ins-1' }
    },
    async kit(version, name, fields) {
      const signed = signKitCall({ target, version, name, fields, key, at: now })
      expect(parseKit(name, JSON.parse(signed.body))).toMatchObject({ ok: true })
      calls.push({ at: now, name: `${version} ${name}`, fields })
      return { resultCode: '000000', instanceId: null }
    },
    publicKey: async () => pem,
    control: async () => {},
    staff: {
      issue: noted('issue'),
      deny: noted('deny'),
      upload: noted('upload'),
      know: noted('know'),
      activate: noted('activate'),
      query: noted('query'),
    },
  }
  for (const step of steps) {
    now = step.at
    await step.play(stage)
  }
  return { calls, staff: new Set(staff) }
}

describe('the stories of licences', () => {
  test('are the same every time, in order, of the past, and have every activity', async () => {
    const { steps, orders, control } = licenseStories(until)
    const { calls, staff } = await play(steps)
    expect((await play(licenseStories(until).steps)).calls).toEqual(calls)
    expect(steps.map(({ at }) => at)).toEqual(steps.map(({ at }) => at).sort((a, b) => a.getTime() - b.getTime()))
    expect(steps.at(-1)?.at.getTime()).toBeLessThan(until.getTime())
    const met = new Set(calls.map(({ name }) => name))
    const expected = [...LICENSE_ACTIVITIES.v1, ...LICENSE_ACTIVITIES.v2, 'newInstance', 'releaseInstance']
    expect(expected.filter((name) => !met.has(name))).toEqual([])
    expect(staff.size).toBe(6)
    expect(orders).toHaveLength(3)
    expect(new Set(control.licenses.map(({ status }) => status)).size).toBe(5)
  })
})

describe('the stories of enterprises', () => {
  test('bind two, one by each version, with a tree of some 300 departments', async () => {
    const { calls } = await play(enterpriseStories(until, ['ins-1', 'ins-2']))
    const met = new Set(calls.map(({ name }) => name))
    expect(met).toEqual(new Set(KIT_NAMES.flatMap((name) => [`v1 ${name}`, `v2 ${name}`])))
    expect(new Set(calls.map(({ fields }) => fields.tenantId)).size).toBe(2)
    const tree = calls.find(({ name }) => name === 'v2 allOrgSync')?.fields.orgInfoList as { orgCode: string }[]
    expect(tree.length).toBeGreaterThan(290)
    expect(new Set(tree.map(({ orgCode }) => orgCode)).size).toBe(tree.length)
  })
})

test('use is the same every time, of the past, from the opening on, each day of an instance once', () => {
  const instances = Array.from({ length: 12 }, (_, at) => {
    return { instanceId: `ins-usage-0000${100 + at}`, openedAt: new Date(until.getTime() - at * 6 * 86_400_000) }
  })
  const days = usageDays(instances, until)
  expect(usageDays(instances, until)).toEqual(days)
  const records = days.flatMap((day) => day.records)
  expect(new Set(records.map(({ meteringSn }) => meteringSn)).size).toBe(records.length)
  expect(records.length).toBeGreaterThan(150)
  for (const { at, records } of days) {
    expect(at < until).toBe(true)
    for (const { instanceId, beginAt, endAt, value } of records) {
      const { openedAt } = instances.find((one) => one.instanceId === instanceId) as (typeof instances)[number]
      expect(openedAt <= new Date(beginAt) && new Date(endAt) < at, `${instanceId} ${beginAt}`).toBe(true)
      expect(value).toMatch(/^[1-9]\d*$/)
    }
  }
  // No part is older than the marketplace takes when it is pushed.
  const pushes = days.filter(({ push }) => push).map(({ at }) => at.getTime())
  expect(pushes.length).toBeGreaterThan(3)
  for (const [at, time] of pushes.slice(1).entries()) expect(time - (pushes[at] ?? 0)).toBeLessThan(20 * 86_400_000)
})
