import { describe, expect, it } from 'vitest'
import { refuseMissing, refuseValue } from './errors'
import { isResultCode, ResultCode, resultCodes, resultMessage } from './result-codes'

describe('result codes', () => {
  it('describes every code by its own name', () => {
    for (const [name, code] of Object.entries(ResultCode)) expect(resultCodes[code].meaning).toBe(name)
    expect(Object.keys(resultCodes)).toHaveLength(Object.keys(ResultCode).length)
  })

  it('tells codes from other texts', () => {
    expect(isResultCode('000100')).toBe(true)
    for (const other of ['0000004', '000108', '', 'toString', 4, null]) expect(isResultCode(other)).toBe(false)
  })

  it('keeps messages to 255 characters without cutting one in half', () => {
    for (const detail of ['x'.repeat(400), '😀'.repeat(200), `x${'😀'.repeat(200)}`]) {
      const message = resultMessage('000002', detail)
      expect(message.length).toBeLessThanOrEqual(255)
      expect(message).not.toMatch(/\p{Cs}/u)
      expect(message.endsWith('…')).toBe(true)
    }
  })

  it('keeps messages on one line', () => {
    expect(resultMessage('000005', 'a\r\nb\u0000')).toBe('internal error: a\\u000d\\u000ab\\u0000')
  })
})

describe('refusals', () => {
  it('name the field, what came and what is allowed', () => {
    expect(refuseValue('scene', 'GROW', 'RENEWAL')).toEqual({
      code: '000002',
      field: 'scene',
      message: 'scene: came "GROW"; allowed: RENEWAL',
    })
    expect(refuseMissing('orderId', '1 to 64 characters').message).toBe('orderId: missing; allowed: 1 to 64 characters')
  })

  it('shorten and escape what came', () => {
    const { message } = refuseValue('orderId', `\u0000\u202e${'x'.repeat(500)}`, 'less')
    expect(message).toContain('\\u0000\\u202exxx')
    expect(message.length).toBeLessThan(80)
  })

  it.each(['mobilePhone', 'email', 'password', 'clientSecret', 'authToken', 'signature', 'appInfo.password'])(
    'never show the value of %s',
    (field) => {
      expect(refuseValue(field, 'hunter2', 'something else').message).not.toContain('hunter2')
    },
  )
})
