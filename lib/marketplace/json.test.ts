import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asciiJson, lowerControlEscapes, quote, readJson, toValue, writeJson } from './json'

const asReceived = { sort: 'none', dropNulls: 'none' } as const

function compact(text: string): string {
  const read = readJson(text)
  if (!read.ok) throw new Error(`${read.error.reason} at ${read.error.at}`)
  return writeJson(read.value, asReceived)
}

describe('readJson', () => {
  it('keeps numbers as they were written', () => {
    const text = '[1.0,1e3,12345678901234567890,-0,0.10,1E+2]'
    expect(compact(text)).toBe(text)
  })

  it('writes strings with only the escapes JSON demands', () => {
    expect(compact('{"a":"\\/\\u4e2d\\u0041\\u001f\\n"}')).toBe('{"a":"/中A\\u001F\\n"}')
  })

  it('lets the last of equal names win at the place of the first', () => {
    expect(compact('{"a":1,"b":2,"a":3}')).toBe('{"a":3,"b":2}')
  })

  it('keeps names that are special to JavaScript and their order', () => {
    expect(compact('{"z":1,"10":2,"2":3,"__proto__":{"x":1}}')).toBe('{"z":1,"10":2,"2":3,"__proto__":{"x":1}}')
  })

  it('skips a byte order mark and blanks', () => {
    expect(compact('\ufeff { "a" : [ 1 , null ] }\r\n')).toBe('{"a":[1,null]}')
  })

  it.each([
    '',
    ' ',
    '{',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '[1,]',
    '[1 2]',
    '01',
    '1.',
    '.5',
    '+1',
    'NaN',
    'tru',
    "{'a':1}",
    '"a',
    '"\n"',
    '"\\x"',
    '"\\u12g4"',
    '{} {}',
    '[1]]',
    '\u00a01',
  ])('refuses %j', (text) => {
    expect(readJson(text).ok).toBe(false)
    expect(() => JSON.parse(text)).toThrow()
  })

  it('says where the document breaks', () => {
    expect(readJson('{"a":1,"b" 2}')).toEqual({ ok: false, error: { at: 11, reason: '":" is expected' } })
  })

  it('limits the depth and survives bodies made of brackets', () => {
    expect(readJson('['.repeat(64) + ']'.repeat(64)).ok).toBe(true)
    expect(readJson('['.repeat(65) + ']'.repeat(65)).ok).toBe(false)
    expect(readJson('{"a":'.repeat(200_000)).ok).toBe(false)
  })

  it('agrees with JSON.parse on every document', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const read = readJson(text)
        expect(read.ok && JSON.parse(writeJson(read.value, asReceived))).toEqual(JSON.parse(text))
      }),
    )
  })

  it('agrees with JSON.parse on what is no document', () => {
    const nearly = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', '\\', ',', '{', ']', '0', 'e', '-', '\u0001', 'é'))
      .map(
        ([text, at, change]) =>
          text.slice(0, at % (text.length + 1)) + change + text.slice((at % (text.length + 1)) + 1),
      )
    fc.assert(
      fc.property(nearly, (text) => {
        let parses = true
        try {
          JSON.parse(text)
        } catch {
          parses = false
        }
        expect(readJson(text).ok).toBe(parses)
      }),
      { numRuns: 500 },
    )
  })
})

describe('toValue', () => {
  it('gives numbers JavaScript cannot hold as their text', () => {
    const read = readJson('{"a":1,"b":1.50,"c":12345678901234567890,"d":null,"e":[true,"\\"x"]}')
    expect(read.ok && toValue(read.value)).toEqual({
      a: 1,
      b: '1.50',
      c: '12345678901234567890',
      d: null,
      e: [true, '"x'],
    })
  })

  it('makes objects without a prototype', () => {
    const read = readJson('{"__proto__":{"polluted":true}}')
    const value = read.ok ? (toValue(read.value) as Record<string, unknown>) : {}
    expect(Object.getPrototypeOf(value)).toBeNull()
    expect(value.polluted).toBeUndefined()
  })
})

describe('escapes', () => {
  it('changes the case of control escapes but not of texts that look like one', () => {
    const text = '\u001b \\u001b'
    expect(quote(text)).toBe('"\\u001B \\\\u001b"')
    expect(lowerControlEscapes(quote(text))).toBe('"\\u001b \\\\u001b"')
  })

  it('keeps unpaired surrogates apart from each other', () => {
    expect(quote('\ud800')).not.toBe(quote('\ud801'))
    expect(compact('"\\ud800"')).toBe('"\\ud800"')
    expect(compact('"\ud800"')).toBe('"\\ud800"')
  })

  it('escapes everything beyond ASCII without changing the meaning', () => {
    expect(asciiJson('"中é😀"', 'lower')).toBe('"\\u4e2d\\u00e9\\ud83d\\ude00"')
    expect(asciiJson('"中"', 'upper')).toBe('"\\u4E2D"')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(JSON.parse(asciiJson(quote(text), 'upper'))).toBe(text)
      }),
    )
  })
})
