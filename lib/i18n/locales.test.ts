import { describe, expect, it } from 'vitest'
import { pickLocale } from './locales'

describe('pickLocale', () => {
  it.each([
    ['en', 'zh-CN', 'en'],
    ['fr', 'en', 'en'],
    [null, 'en-GB,en;q=0.9,zh;q=0.8', 'en'],
    [null, 'zh-TW,en;q=0.9', 'zh-CN'],
    [null, 'en;q=0.3, zh-Hans-CN;q=0.8', 'zh-CN'],
    [null, 'de, en;q=0', 'zh-CN'],
    [null, 'de;q=x,,;', 'zh-CN'],
    [undefined, null, 'zh-CN'],
  ])('chosen %s, header %s → %s', (chosen, header, expected) => {
    expect(pickLocale(chosen, header)).toBe(expected)
  })
})
