import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkFreshness } from './freshness'
import { hmac } from './mac'
import { signKitV2, signV2, verifyKitV2, verifyV2 } from './saas-v2'
import { SignedBody } from './signed-body'

const key = 'test-access-key-0001'

// The project's own vectors A, B and C, made with Python and checked with node:crypto.
const a = {
  nonce: '50D83FDE0123456789ABCDEF00000001',
  timestamp: '1680508066618',
  body: '{"activity":"newInstance","businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}',
  signature: '5bc29887521645036ca9a63924bb1a82eb4e0531096646d4e33c6be9e63a7a85',
}
const b = {
  nonce: 'Of4lsV7H1qrzVDI52O5CFk2ofPcZRaA6',
  timestamp: '1729566664115',
  body: '{"testFlag":null,"status":"FREEZE","instanceId":"03pf80c2bae96vc49b80b917bea776d7","activity":"updateInstanceStatus"}',
  signature: 'f18723d950ff199382a73571a75171a2226c3fafe2d426775818120bab7312d0',
}
const kitKey = 'test-kit-key-0001'
const c = {
  nonce: 'n0nce0000000000000000000000000001',
  timestamp: '1650420101117',
  body: '{"domainName":"https://test.example.com","flag":1,"instanceId":"huaiweitest123456","name":"测试企业","orderId":"CS1906666666ABCDE","tenantCode":"code-1","tenantId":"tenant-1","testFlag":0,"timeStamp":"20220420114117642"}',
  signature: '49e52403d279b5193a1c5891ab7a0b96e638167cc605a983046b55a859c8b88c',
}

/** Signs a payload that is taken as it is: the other side of a tolerant reading. */
const signPayload = (payload: string, call = a) =>
  hmac(key, key + call.nonce + call.timestamp + hmac(key, payload, 'hex'), 'hex')

describe('the base signature', () => {
  it('fits vector A in any key order, spacing and letter case', () => {
    expect(signV2(a, key)).toBe(a.signature)
    const shuffled = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(a.body)).reverse()), null, 2)
    for (const body of [a.body, shuffled, `\ufeff${a.body}`]) {
      expect(verifyV2({ ...a, body }, key)).toMatchObject({ ok: true, variant: 'documented' })
    }
    expect(verifyV2({ ...a, signature: a.signature.toUpperCase() }, key).ok).toBe(true)
  })

  it('shows the signed text with the key masked', () => {
    const check = verifyV2(a, key)
    expect(check.signedText).toBe(
      `‹key›${a.nonce}${a.timestamp}7c3423c08d12337dd359ce871f975ad942cfea7f9216e66e32389c76d6c0ebd3`,
    )
    expect(check.computed).toBe(a.signature)
    expect(JSON.stringify(check)).not.toContain(key)
  })

  it('fits vector B, where a null is dropped', () => {
    expect(signV2(b, key)).toBe(b.signature)
    expect(verifyV2(b, key)).toMatchObject({ ok: true, variant: 'documented' })
  })

  it('keeps the written form of numbers', () => {
    const body = '{"n":1.0,"e":1e3,"big":12345678901234567890}'
    const signature = signPayload('{"big":12345678901234567890,"e":1e3,"n":1.0}')
    expect(verifyV2({ ...a, body, signature }, key)).toMatchObject({ ok: true, variant: 'documented' })
  })

  it.each([
    ['nested order as received', '{"b":{"z":1,"a":2},"a":1}', '{"a":1,"b":{"z":1,"a":2}}', 'documented'],
    [
      'everything sorted',
      '{"b":{"z":1,"a":[{"y":1,"x":2}]},"a":1}',
      '{"a":1,"b":{"a":[{"x":2,"y":1}],"z":1}}',
      'sort-deep',
    ],
    ['keys as received', '{ "b":1, "a":2 }', '{"b":1,"a":2}', 'sort-none'],
    ['nulls kept', '{"b":null,"a":1}', '{"a":1,"b":null}', 'sort-top/drop-nulls-none'],
    ['nested nulls dropped', '{"b":{"c":null,"d":1},"a":1}', '{"a":1,"b":{"d":1}}', 'sort-top/drop-nulls-deep'],
    ['escaped in lower case', '{"b":"中é","a":1}', '{"a":1,"b":"\\u4e2d\\u00e9"}', 'ascii-lower'],
    ['escaped in upper case', '{"b":"中é","a":1}', '{"a":1,"b":"\\u4E2D\\u00E9"}', 'ascii-upper'],
    ['unescaped though sent escaped', '{"b":"\\u4e2d\\/","a":1}', '{"a":1,"b":"中/"}', 'documented'],
    ['control escapes as Jackson writes them', '{"a":"\\u001f"}', '{"a":"\\u001F"}', 'documented'],
    ['control escapes in lower case', '{"a":"\\u001F"}', '{"a":"\\u001f"}', 'lower-escapes'],
    ['the last of equal names', '{"a":1,"b":2,"a":3}', '{"a":3,"b":2}', 'documented'],
    ['the raw body', '{ "b": "\\/", "a": 1.0 }', '{ "b": "\\/", "a": 1.0 }', 'raw'],
    ['a raw body that is no JSON', 'not json', 'not json', 'raw'],
  ])('accepts %s', (_, body, payload, variant) => {
    const check = verifyV2({ ...a, body, signature: signPayload(payload) }, key)
    expect(check.ok).toBe(true)
    expect(check.variant).toContain(variant)
    expect(check.payload).toBe(payload)
  })

  it('sorts by UTF-16 units, capitals first', () => {
    expect(new SignedBody('{"a":1,"B":2,"_":3,"é":4,"10":5,"9":6}').documented.payload).toBe(
      '{"10":5,"9":6,"B":2,"_":3,"a":1,"é":4}',
    )
  })

  it.each(['', 'x', '0'.repeat(63), '0'.repeat(65), `${a.signature} `, a.signature.replace('5', 'ſ')])(
    'refuses the signature %j',
    (signature) => {
      expect(verifyV2({ ...a, signature }, key)).toMatchObject({ ok: false, computed: a.signature })
    },
  )

  it('tries several keys over a body read once', () => {
    const body = new SignedBody(a.body)
    expect(['k1', 'k2', key].map((one) => verifyV2({ ...a, body }, one).ok)).toEqual([false, false, true])
  })

  const documents = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { maxKeys: 8 })
  const calls = fc.record({
    body: documents.map((value) => JSON.stringify(value)),
    timestamp: fc.integer({ min: 1e12, max: 9e12 }).map(String),
    nonce: fc.stringMatching(/^[A-Za-z0-9]{1,64}$/),
  })

  it('accepts what it signed, whatever the body', () => {
    fc.assert(
      fc.property(calls, fc.string({ minLength: 1 }), (call, anyKey) => {
        expect(verifyV2({ ...call, signature: signV2(call, anyKey) }, anyKey)).toMatchObject({
          ok: true,
          variant: 'documented',
        })
        expect(verifyKitV2({ ...call, signature: signKitV2(call, anyKey) }, anyKey).ok).toBe(true)
      }),
    )
  })

  it('never accepts a signature with one bit changed', () => {
    fc.assert(
      fc.property(calls, fc.nat(63), fc.nat(3), (call, at, bit) => {
        const signature = signV2(call, key)
        const digit = (Number.parseInt(signature.charAt(at), 16) ^ (1 << bit)).toString(16)
        const changed = signature.slice(0, at) + digit + signature.slice(at + 1)
        expect(verifyV2({ ...call, signature: changed }, key).ok).toBe(false)
      }),
    )
  })

  it('never accepts another nonce, timestamp, key or body value', () => {
    const values = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.string({ unit: 'grapheme' }), { minKeys: 1 })
    fc.assert(
      fc.property(values, fc.nat(), fc.nat(15), (value, pick, bit) => {
        const call = { ...a, body: JSON.stringify(value) }
        const signature = signV2(call, key)
        const flip = (text: string) => {
          const at = pick % text.length
          return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1)
        }
        const names = Object.keys(value)
        const name = names[pick % names.length] as string
        const other = { ...value, [name]: value[name] ? flip(value[name]) : 'x' }
        expect(verifyV2({ ...call, signature, body: JSON.stringify(other) }, key).ok).toBe(false)
        expect(verifyV2({ ...call, signature, nonce: flip(call.nonce) }, key).ok).toBe(false)
        expect(verifyV2({ ...call, signature, timestamp: flip(call.timestamp) }, key).ok).toBe(false)
        expect(verifyV2({ ...call, signature }, flip(key)).ok).toBe(false)
      }),
    )
  })

  it('stays fast on a big body that does not fit', () => {
    const body = JSON.stringify({ a: Array.from({ length: 20_000 }, (_, i) => ({ z: null, b: `中${i}` })) })
    const start = performance.now()
    expect(verifyV2({ ...a, body }, key).ok).toBe(false)
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

describe('the kit signature', () => {
  it('fits vector C', () => {
    expect(signKitV2(c, kitKey)).toBe(c.signature)
    expect(verifyKitV2(c, kitKey)).toMatchObject({ ok: true, variant: 'documented' })
    expect(verifyKitV2(c, kitKey).signedText).toBe(`‹key›${c.nonce}${c.timestamp}${c.body}`)
  })

  it('is not the base signature', () => {
    expect(verifyV2(c, kitKey).ok).toBe(false)
    expect(verifyKitV2(a, key).ok).toBe(false)
  })
})

describe('checkFreshness', () => {
  const now = 1_680_508_066_618

  it('takes milliseconds and seconds', () => {
    expect(checkFreshness('1680508066618', now)).toEqual({ ok: true, sentAt: now })
    expect(checkFreshness('1680508066', now)).toEqual({ ok: true, sentAt: 1_680_508_066_000 })
  })

  it('allows 60 s in both directions and not a millisecond more', () => {
    expect(checkFreshness(String(now - 60_000), now).ok).toBe(true)
    expect(checkFreshness(String(now + 60_000), now).ok).toBe(true)
    expect(checkFreshness(String(now - 60_001), now)).toEqual({ ok: false, reason: 'stale', skewMs: 60_001 })
    expect(checkFreshness(String(now + 60_001), now)).toEqual({ ok: false, reason: 'stale', skewMs: -60_001 })
  })

  it('tells missing from malformed', () => {
    for (const none of [undefined, null, ''])
      expect(checkFreshness(none, now)).toEqual({ ok: false, reason: 'missing' })
    for (const odd of ['abc', '168050806661', '1680508066618 ', '-680508066618', '1.68050806e12', '16805080666180']) {
      expect(checkFreshness(odd, now)).toEqual({ ok: false, reason: 'malformed' })
    }
  })
})
