import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatBasicTime,
  formatWireTime,
  formatWireTimeMs,
  parseBasicTime,
  parseKitTime,
  parseWireTime,
  type WireZone,
} from './times'

const iso = (read: ReturnType<typeof parseWireTime>) => (read.ok ? read.value.toISOString() : read.error)
const zones = fc.constantFrom<WireZone>('UTC', 'Asia/Shanghai')
// A day off both ends, so that the other zone stays inside four-digit years.
const dates = fc.date({
  min: new Date('0000-01-02T00:00:00Z'),
  max: new Date('9999-12-30T00:00:00Z'),
  noInvalidDate: true,
})

describe('wire times', () => {
  it('reads the printed examples', () => {
    expect(iso(parseWireTime('20221124023618256', 'UTC'))).toBe('2022-11-24T02:36:18.256Z')
    expect(iso(parseWireTime('20180725000000', 'UTC'))).toBe('2018-07-25T00:00:00.000Z')
    expect(iso(parseWireTime('20241121090846', 'Asia/Shanghai'))).toBe('2024-11-21T01:08:46.000Z')
    expect(iso(parseKitTime('20220420114117642'))).toBe('2022-04-20T03:41:17.642Z')
    expect(iso(parseBasicTime('20240102T030405Z'))).toBe('2024-01-02T03:04:05.000Z')
  })

  it('crosses the day between the zones', () => {
    expect(iso(parseWireTime('20250101000000', 'Asia/Shanghai'))).toBe('2024-12-31T16:00:00.000Z')
    expect(formatWireTime(new Date('2024-12-31T16:00:00Z'), 'Asia/Shanghai')).toBe('20250101000000')
  })

  it.each([
    '20241301000000',
    '20240230000000',
    '20230229000000',
    '20240001000000',
    '20240100000000',
    '20240101240000',
    '20240101006000',
    '20240101000060',
    '20241301000000000',
  ])('refuses the impossible date %s', (text) => {
    expect(parseWireTime(text, 'UTC')).toEqual({ ok: false, error: 'impossible' })
  })

  it.each(['', '2024', '202401010000000', '2024010100000', ' 20240101000000', '2024-01-01 0000', '２０２４0101000000'])(
    'refuses the form %j',
    (text) => {
      expect(parseWireTime(text, 'UTC')).toEqual({ ok: false, error: 'form' })
    },
  )

  it('takes the leap day of a leap year', () => {
    expect(parseWireTime('20240229000000', 'UTC').ok).toBe(true)
  })

  it('wants exactly its own form for kit and basic times', () => {
    expect(parseKitTime('20220420114117')).toEqual({ ok: false, error: 'form' })
    expect(parseBasicTime('20240102T030405')).toEqual({ ok: false, error: 'form' })
    expect(parseBasicTime('20240230T030405Z')).toEqual({ ok: false, error: 'impossible' })
  })

  it('round trips every time in every form', () => {
    fc.assert(
      fc.property(dates, zones, (date, zone) => {
        const seconds = new Date(Math.floor(date.getTime() / 1000) * 1000)
        expect(iso(parseWireTime(formatWireTimeMs(date, zone), zone))).toBe(date.toISOString())
        expect(iso(parseWireTime(formatWireTime(date, zone), zone))).toBe(seconds.toISOString())
        expect(iso(parseBasicTime(formatBasicTime(date)))).toBe(seconds.toISOString())
        expect(iso(parseKitTime(formatWireTimeMs(date, 'Asia/Shanghai')))).toBe(date.toISOString())
      }),
    )
  })
})
