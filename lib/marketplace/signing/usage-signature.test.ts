import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signUsage, verifyUsage } from './usage-signature'

const vectors = [
  {
    key: 'fakeSellerKeyForTests-0001',
    ts: '1704164645000',
    nonce: '6f1d2a34-0000-4000-8000-000000000001',
    body: '{"usage_records":[{"begin_time":"20240102T010000Z","end_time":"20240102T020000Z","instance_id":"11111111-2222-3333-4444-555555555555","metering_sn":"sn-0001","record_time":"20240102T020500Z","usage_value":"12.5"}]}',
    signature: 'ObFGUeegg99KH5Lpp9bdC/q/vxWyv60fg/xno1vn7jw=',
  },
  {
    key: 'test-access-key-0001',
    ts: '1729566664115',
    nonce: 'abc123',
    body: '{"usage_records":[]}',
    signature: 'rI06vfjhamlm/ZZmhrRnn+SVvEWEDw9oymEtpqGSagY=',
  },
]

describe('the usage signature', () => {
  it.each(vectors)('fits the vector $nonce', ({ key, signature, ...request }) => {
    expect(signUsage(request, key)).toEqual({ signature, body: request.body })
    expect(verifyUsage({ ...request, signature }, key)).toBe(true)
  })

  it('sorts every level before signing and returns the text to send', () => {
    const request = { ts: '1', nonce: 'n', body: '{ "b": [ { "z": 1, "a": 1.50 } ], "a": null }' }
    const signed = signUsage(request, 'k')
    expect(signed.body).toBe('{"a":null,"b":[{"a":1.50,"z":1}]}')
    expect(verifyUsage({ ...request, signature: signed.signature }, 'k')).toBe(true)
    expect(verifyUsage({ ...request, ...signed }, 'k')).toBe(true)
  })

  it('refuses what it cannot sign', () => {
    expect(() => signUsage({ ts: '1', nonce: 'n', body: '{' }, 'k')).toThrow(TypeError)
    expect(verifyUsage({ ts: '1', nonce: 'n', body: '{', signature: '' }, 'k')).toBe(false)
  })

  it('never accepts a changed time, nonce, value or key', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), fc.string({ unit: 'grapheme' }), (key, nonce, value) => {
        const request = {
          ts: '1704164645000',
          nonce,
          body: JSON.stringify({ usage_records: [{ usage_value: value }] }),
        }
        const { signature } = signUsage(request, key)
        expect(verifyUsage({ ...request, signature }, key)).toBe(true)
        expect(verifyUsage({ ...request, signature, ts: '1704164645001' }, key)).toBe(false)
        expect(verifyUsage({ ...request, signature, nonce: `${nonce}x` }, key)).toBe(false)
        expect(verifyUsage({ ...request, signature }, `${key}x`)).toBe(false)
        const body = JSON.stringify({ usage_records: [{ usage_value: `${value}x` }] })
        expect(verifyUsage({ ...request, signature, body }, key)).toBe(false)
      }),
    )
  })
})
