import { describe, expect, it } from 'vitest'
import { fromLocalInput, localInput, rangeBounds } from './range'

const now = Date.UTC(2026, 2, 10, 12)

describe('rangeBounds', () => {
  it('lets presets start before now and end open', () => {
    expect(rangeBounds('1h', null, null, now)).toEqual({ from: '2026-03-10T11:00:00.000Z' })
    expect(rangeBounds('30d', 'ignored', 'ignored', now)).toEqual({ from: '2026-02-08T12:00:00.000Z' })
  })
  it('takes the ends of a custom span and leaves out what is no time', () => {
    expect(rangeBounds('custom', '2026-03-01T00:00:00Z', null, now)).toEqual({ from: '2026-03-01T00:00:00.000Z' })
    expect(rangeBounds('custom', 'yesterday', '2026-03-02T08:00:00+08:00', now)).toEqual({
      to: '2026-03-02T00:00:00.000Z',
    })
  })
  it('is empty without a choice', () => {
    expect(rangeBounds(null, '2026-03-01T00:00:00Z', null, now)).toEqual({})
  })
})

describe('local inputs', () => {
  it('go to UTC and back to the minute', () => {
    const iso = '2026-03-10T11:07:00.000Z'
    expect(fromLocalInput(localInput(iso))).toBe(iso)
  })
  it('are empty for what is no time', () => {
    expect(localInput('nonsense')).toBe('')
    expect(localInput(null)).toBe('')
    expect(fromLocalInput('')).toBeNull()
  })
})
