import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodySign, readBodySign, verifyBodySign } from './body-sign'

const key = '00000000-1111-2222-3333-444444444444'

describe('Body-Sign', () => {
  it('fits the vectors to the byte', () => {
    expect(bodySign('{"resultCode":"000000","resultMsg":"success."}', key)).toBe(
      'sign_type="HMAC-SHA256", signature= "wd1JabGmHPwqq+/pu2hy00t74rTgYioCEzR6Mm27LbU="',
    )
    expect(bodySign('{"resultCode":"000000", "resultMsg":"success."}', key)).toContain(
      '"Uc+Tlh6c8J+8VO0sP/eiSn3BvWo46rrzn+Qff8NXW7A="',
    )
  })

  it('signs text and its UTF-8 bytes alike', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (body, anyKey) => {
        expect(bodySign(body, anyKey)).toBe(bodySign(Buffer.from(body), anyKey))
        expect(verifyBodySign(bodySign(body, anyKey), body, anyKey)).toBe(true)
        expect(verifyBodySign(bodySign(body, anyKey), `${body} `, anyKey)).toBe(false)
      }),
    )
  })

  it('reads the forms sellers send', () => {
    const token = 'wd1JabGmHPwqq+/pu2hy00t74rTgYioCEzR6Mm27LbU='
    for (const header of [
      `sign_type="HMAC-SHA256", signature= "${token}"`,
      `sign_type="HMAC-SHA256",signature="${token}"`,
      ` sign_type = "HMAC-SHA256" ,  signature = "${token}" `,
    ]) {
      expect(readBodySign(header)).toBe(token)
    }
    for (const header of [
      '',
      token,
      `sign_type=HMAC-SHA256, signature=${token}`,
      `sign_type="MD5", signature="${token}"`,
    ]) {
      expect(readBodySign(header)).toBeNull()
    }
  })
})
