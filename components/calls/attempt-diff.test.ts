import { describe, expect, it } from 'vitest'
import type { CallDetail } from '../types'
import { differences } from './attempt-diff'

function call(body: unknown, answer: unknown, more: Partial<CallDetail> = {}): CallDetail {
  return {
    resultCode: null,
    resultMsg: null,
    request: {
      method: 'POST',
      path: '/api/produce',
      query: [
        ['nonce', String(Math.random())],
        ['signature', 'ab…'],
      ],
      headers: { date: String(Math.random()), 'user-agent': 'mkt' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    },
    answer: { status: 200, headers: {}, body: JSON.stringify(answer) },
    ...more,
  } as CallDetail
}

describe('differences', () => {
  it('name each member that changed, came or went', () => {
    const left = call(
      { orderId: 'CS1', lines: [{ n: 1 }, { n: 2 }] },
      { resultCode: '000100' },
      { resultCode: '000100' },
    )
    const right = call(
      { orderId: 'CS1', lines: [{ n: 1 }, { n: 3 }], testFlag: '1' },
      { resultCode: '000000', id: null },
    )
    expect(differences(left, right)).toEqual([
      { path: 'resultCode', left: '000100', right: null },
      { path: 'body · lines[1] · n', left: '2', right: '3' },
      { path: 'answer · resultCode', left: '000100', right: '000000' },
      { path: 'body · testFlag', left: null, right: '1' },
      { path: 'answer · id', left: null, right: 'null' },
    ])
  })

  it('take no note of what differs every time, and take text that is no JSON as it is', () => {
    expect(differences(call({ a: 1 }, {}), call({ a: 1 }, {}))).toEqual([])
    expect(differences(call('x=1', {}), call('x=2', {}))).toEqual([{ path: 'body', left: 'x=1', right: 'x=2' }])
    const gone = { ...call({}, {}), answer: null }
    expect(differences(call({}, {}), gone)).toEqual([{ path: 'answer · status', left: '200', right: null }])
  })
})
