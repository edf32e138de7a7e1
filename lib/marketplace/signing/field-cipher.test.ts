import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decryptField, deriveKey, type EncryptType, encryptField, encryptTypeOf, fitsField } from './field-cipher'

const key = '00000000-1111-2222-3333-444444444444'
const types = fc.constantFrom<EncryptType>('1', '2')

describe('the key derivation', () => {
  // Printed by KeyGenerator("AES").init(256, SHA1PRNG seeded with the key) of OpenJDK 17.
  it.each([
    ['00000000-1111-2222-3333-444444444444', 'b8b0019995f28965092c88ca8020be0533c1d2fa1b453ee1fc7c4865c719fe18'],
    ['a', '667f407de7c6ad07358fa38daed7828a72014b4e621d7140210c8cf1565a8f02'],
    ['密钥-2026', '75f9508fd434fe6dcddf10f8b2345ff1dc2712e5f999902465cccd82b48f8a4e'],
    ['test-access-key-0001', 'fa32b243c1eeb23e93357bb8be8ec84903d6395e4f1ccb2379a1666d99a6ab9f'],
    [' ', '1a256e4e2fe95b8bf7349c168991ea8035d1359b717820a153b4ccf24159b66b'],
    ['k0%+a=\\!9?KQ^X7T3<*Uk`^)/fgcJB`prN#yc', '9096f43e839d1a50b26ed492b0c1ac370a7eb69b716f82d45b541ea4ff8a5131'],
    ['/DS$<.v', 'afe2778e4f51ea8b704504747886c5401e75b91a4d5aa70b61e54150a64962bb'],
    ['*OiKluqasolE<%NE4_lqv\\nCKZ+kE]"^e', 'f7d0c4e0afffced2399012518c70aee96ffae2eaf8775adc88410071b993132c'],
    ['9ZO(w[6b)m[FZOJ]f', '6ffd561be9dbb6f00524d06280eab8df63321fb72a70229439860bef8223eca8'],
    ['XQcrsvd&!aBsJd9)DnU8N6*xdP', '0bd6e2e9d4acbf409353eeed057c1d73fbc7a65a9d8d7647edee44598cdd2534'],
    ['3f', 'f0fc696a3e09dadb9fd6000e07d024b273fa592e4684b32cdf37064662c32639'],
    [';;0r;JM+', '0e09495d2dafda7753886647ce9fd3f9c44ee76d2c1955cf3871f10ec01db3f5'],
  ])('gives the bytes of the JDK for %j', (seed, hex) => {
    expect(deriveKey(seed, '1').toString('hex')).toBe(hex)
    expect(deriveKey(seed, '2').toString('hex')).toBe(hex.slice(0, 32))
  })

  it('gives the same bytes again after many other keys', () => {
    const first = deriveKey(key, '1').toString('hex')
    for (let i = 0; i < 200; i += 1) deriveKey(`other-${i}`, '1')
    expect(deriveKey(key, '1').toString('hex')).toBe(first)
  })
})

describe('encrypted fields', () => {
  it.each<[string, EncryptType, string, string]>([
    ['admin', '1', 'abcdefgh12345678', 'abcdefgh12345678UQhO9ObD5ECyRS8LE9Bsyw=='],
    ['admin', '2', 'abcdefgh12345678', 'abcdefgh123456782+e+3onuFP2cwbfUj6bCZQ=='],
    ['Pa$$w0rd-测试', '1', 'Zz09Yy18Xx27Ww36', 'Zz09Yy18Xx27Ww36AKvdRszV2DoqC2OUTVazgw=='],
    ['Pa$$w0rd-测试', '2', 'Zz09Yy18Xx27Ww36', 'Zz09Yy18Xx27Ww36V6k8dHSyw8XYOWPXih6ttg=='],
  ])('fit the vectors: %s, type %s', (plaintext, type, iv, value) => {
    expect(encryptField(plaintext, key, type, iv)).toBe(value)
    expect(decryptField(value, key, type)).toEqual({ ok: true, value: plaintext })
    expect(decryptField(value.replaceAll('+', ' '), key, type)).toEqual({ ok: true, value: plaintext })
  })

  it('round trip, with a fresh IV of letters and digits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 1 }), types, (plaintext, anyKey, type) => {
        const value = encryptField(plaintext, anyKey, type)
        expect(value.slice(0, 16)).toMatch(/^[A-Za-z0-9]{16}$/)
        expect(decryptField(value, anyKey, type)).toEqual({ ok: true, value: plaintext })
      }),
    )
    expect(encryptField('a', key, '1')).not.toBe(encryptField('a', key, '1'))
  })

  it('fit 128 characters up to 79 bytes', () => {
    expect(encryptField('x'.repeat(79), key, '1')).toHaveLength(124)
    expect(encryptField('x'.repeat(80), key, '1')).toHaveLength(144)
    expect([
      fitsField('x'.repeat(79)),
      fitsField('x'.repeat(80)),
      fitsField('测'.repeat(26)),
      fitsField('测'.repeat(27)),
    ]).toEqual([true, false, true, false])
  })

  it('tell malformed from undecryptable', () => {
    for (const odd of [
      '',
      'abc',
      'abcdefgh12345678',
      'abcdefgh12345678!!!!',
      'abcdefgh12345678AAAA',
      'abcdefgh1234567\n8UQhO9ObD5ECyRS8LE9Bsyw==',
    ]) {
      expect(decryptField(odd, key, '1')).toEqual({ ok: false, error: 'malformed' })
    }
    expect(decryptField('abcdefgh12345678UQhO9ObD5ECyRS8LE9Bsyw==', 'another key', '1')).toEqual({
      ok: false,
      error: 'undecryptable',
    })
  })

  it('read encryptType as the sample does', () => {
    expect(['1', 1, '', undefined, 'x'].map(encryptTypeOf)).toEqual(['1', '1', '1', '1', '1'])
    expect(['2', 2, '3', '0'].map(encryptTypeOf)).toEqual(['2', '2', '2', '2'])
  })
})
