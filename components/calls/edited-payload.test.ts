import { describe, expect, it } from 'vitest'
import { editableOf, payloadOf } from './edited-payload'

const request = { method: 'POST', path: '/api/produce', headers: {}, query: [] as [string, string][], body: '' }

describe('editing a stored request', () => {
  it('offers the body of a POST, indented', () => {
    expect(editableOf({ ...request, body: '{"activity":"newInstance","n":1}' })).toEqual({
      kind: 'body',
      text: '{\n  "activity": "newInstance",\n  "n": 1\n}',
    })
  })
  it('offers a body that is no JSON as it is', () => {
    expect(editableOf({ ...request, body: '{oops' })).toEqual({ kind: 'body', text: '{oops' })
  })
  it('offers the parameters of a GET without its signature', () => {
    const query: [string, string][] = [
      ['activity', 'releaseInstance'],
      ['authToken', 'x'],
      ['instanceId', 'i-1'],
    ]
    expect(editableOf({ ...request, method: 'GET', query })).toEqual({
      kind: 'query',
      pairs: [
        ['activity', 'releaseInstance'],
        ['instanceId', 'i-1'],
      ],
    })
  })
  it('sends the members of a body that differ, and null for those taken away', () => {
    const original = { kind: 'body' as const, text: '{"a":1,"b":{"c":2},"d":"••••"}' }
    expect(payloadOf(original, { kind: 'body', text: '{"a":2,"b":{"c":2},"d":"••••","e":[]}' })).toEqual({
      ok: true,
      payload: { body: { a: 2, e: [] } },
    })
    expect(payloadOf(original, { kind: 'body', text: '{"b":{"c":2},"d":"••••"}' })).toEqual({
      ok: true,
      payload: { body: { a: null } },
    })
    expect(payloadOf(original, original)).toEqual({ ok: true, payload: null })
  })
  it('sends the parameters that differ', () => {
    const original = { kind: 'query' as const, pairs: [['a', '1'] as [string, string], ['b', '2'] as [string, string]] }
    const pairs: [string, string][] = [
      [' a ', '3'],
      ['', 'dropped'],
    ]
    expect(payloadOf(original, { kind: 'query', pairs })).toEqual({ ok: true, payload: { query: { a: '3', b: null } } })
  })
  it('says what is wrong with a body', () => {
    const original = { kind: 'body' as const, text: '{"a":{"password":"••••","n":1}}' }
    expect(payloadOf(original, { kind: 'body', text: '{"a":' })).toEqual({ ok: false, reason: 'json' })
    expect(payloadOf(original, { kind: 'body', text: '[1]' })).toEqual({ ok: false, reason: 'object' })
    expect(payloadOf(original, { kind: 'body', text: 'null' })).toEqual({ ok: false, reason: 'object' })
    expect(payloadOf(original, { kind: 'body', text: '{"a":{"password":"••••","n":2}}' })).toEqual({
      ok: false,
      reason: 'hidden',
    })
  })
})
