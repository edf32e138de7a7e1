import { describe, expect, it } from 'vitest'
import { placeholders } from '@/lib/products/schema'
import { idsOf, newWebhookSecret, previewOf, samples, templateFault } from './template'

describe('templates', () => {
  it('know the same placeholders as the delivery', () => {
    expect(Object.keys(samples).sort()).toEqual([...placeholders].sort())
  })
  it('are shown with samples', () => {
    expect(previewOf('https://a.example/t/{instanceId}?c={nobody}')).toBe('https://a.example/t/0198f2c7a3b4?c={nobody}')
  })
  it('are at fault for unknown placeholders and for what is no address', () => {
    expect(templateFault('https://a.example/{instanceId}', true)).toBeNull()
    expect(templateFault('https://{orderId}.example', true)).toBeNull()
    expect(templateFault('a-{instanceid}', false)).toEqual({ kind: 'unknown', name: 'instanceid' })
    expect(templateFault('ftp://a.example', true)).toEqual({ kind: 'url' })
    expect(templateFault('a.example', true)).toEqual({ kind: 'url' })
    expect(templateFault('', true)).toBeNull()
  })
})

describe('newWebhookSecret', () => {
  it('is whsec_ and 32 bytes, new each time', () => {
    const secret = newWebhookSecret()
    expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32)
    expect(secret).toMatch(/^whsec_/)
    expect(newWebhookSecret()).not.toBe(secret)
  })
})

describe('idsOf', () => {
  it('takes lines, commas and blanks, each id once', () => {
    expect(idsOf(' a,b\n c; a，d ')).toEqual(['a', 'b', 'c', 'd'])
    expect(idsOf('  ')).toEqual([])
  })
})
