import { afterEach, expect, test, vi } from 'vitest'
import { idTime, newId } from './ids'

afterEach(() => {
  vi.useRealTimers()
})

test('ids of one moment keep their order', () => {
  vi.useFakeTimers({ now: 1_800_000_000_000 })
  const ids = Array.from({ length: 1000 }, () => newId())
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(ids).size).toBe(1000)
})

test('ids keep their order when the clock is set back a little, and follow it when it is set back far', () => {
  vi.useFakeTimers({ now: 1_800_000_100_000 })
  const before = newId()
  vi.setSystemTime(1_800_000_099_500)
  const after = newId()
  expect(after > before).toBe(true)
  vi.setSystemTime(1_800_000_000_000)
  expect(idTime(newId())).toBe(1_800_000_000_000)
})

test('an id of a time in the past sorts there', () => {
  expect(idTime(newId(1_700_000_000_000))).toBe(1_700_000_000_000)
  expect(newId(1_700_000_000_000) < newId()).toBe(true)
})
