import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { needsOrder, renderTemplate } from './template'
import type { DeliveryFacts } from './types'

const facts: DeliveryFacts = {
  instanceId: '0197-instance',
  businessId: 'b-1',
  orderId: 'CS2211181819B4LVS',
  orderLineId: 'CS2211181819B4LVS-000001',
  productId: 'OFFI1',
  skuCode: 'sku-1',
  customerId: '68cbc86abc2018ab880d92f36422fa0e',
  customerName: '华为 测试/公司',
  userId: null,
  userName: null,
  test: false,
  trial: false,
  expiresAt: null,
  quantity: 5,
  extendParams: [],
}

const template = (more: object) => ({ type: 'template' as const, frontEndUrl: 'https://app.example.com/', ...more })

describe('renderTemplate', () => {
  it('fills every member, encoding values inside URLs only', () => {
    const appInfo = renderTemplate(
      template({
        frontEndUrl: 'https://app.example.com/t/{instanceId}?by={customerName}',
        adminUrl: 'https://app.example.com/admin#{orderId}',
        userName: 'admin-{customerId}',
        password: 'fixed-{instanceId}',
        memo: '{customerName} {unknown}',
      }),
      facts,
    )
    expect(appInfo).toEqual({
      frontEndUrl:
        'https://app.example.com/t/0197-instance?by=%E5%8D%8E%E4%B8%BA%20%E6%B5%8B%E8%AF%95%2F%E5%85%AC%E5%8F%B8',
      adminUrl: 'https://app.example.com/admin#CS2211181819B4LVS',
      userName: 'admin-68cbc86abc2018ab880d92f36422fa0e',
      password: 'fixed-0197-instance',
      memo: '华为 测试/公司 {unknown}',
    })
  })

  it('leaves out what the template leaves out', () => {
    expect(renderTemplate(template({}), facts)).toEqual({ frontEndUrl: 'https://app.example.com/' })
  })

  it('writes the instance id for what is not known', () => {
    const { userName } = renderTemplate(template({ userName: '{userId}' }), facts)
    expect(userName).toBe('0197-instance')
  })

  it('makes a DNS label of a value in the host name', () => {
    const host = (customerName: string) =>
      new URL(
        renderTemplate(template({ frontEndUrl: 'https://{customerName}.example.com/' }), { ...facts, customerName })
          .frontEndUrl,
      ).hostname
    expect(host('Acme & Söhne')).toBe('acme-s-hne.example.com')
    expect(host('evil.example.org/#')).toBe('evil-example-org.example.com')
    expect(host('user:pass@evil')).toBe('user-pass-evil.example.com')
    expect(host('华为')).toBe('0197-instance.example.com')
  })

  it('does not let a value climb in a path', () => {
    const url = (customerName: string) =>
      renderTemplate(template({ frontEndUrl: 'https://a.example/x/{customerName}/y' }), { ...facts, customerName })
        .frontEndUrl
    expect(url('..')).toBe('https://a.example/x/0197-instance/y')
    expect(url('../../z')).toBe('https://a.example/x/..%2F..%2Fz/y')
  })

  it('keeps the limits of the marketplace when names are long', () => {
    const long = { ...facts, customerName: '很长的公司名称'.repeat(20) }
    const appInfo = renderTemplate(
      template({
        frontEndUrl: 'https://a.example/{customerName}',
        userName: 'admin-{customerName}',
        memo: '{customerName}'.repeat(10),
      }),
      long,
    )
    expect(appInfo.frontEndUrl).toBe('https://a.example/0197-instance')
    expect(appInfo.userName).toBe('admin-0197-instance')
    expect(appInfo.memo).toHaveLength(1024)
  })

  it('always yields usable URLs of the template’s own host, whatever buyers call themselves', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (customerName) => {
        const { frontEndUrl, userName } = renderTemplate(
          template({
            frontEndUrl: 'https://app.example.com/{customerName}/in?n={customerName}',
            userName: '{customerName}',
          }),
          { ...facts, customerName },
        )
        const url = new URL(frontEndUrl)
        expect(url.host).toBe('app.example.com')
        expect(url.pathname).toMatch(/^\/[^/]+\/in$/)
        expect(frontEndUrl.length).toBeLessThanOrEqual(512)
        expect(Buffer.byteLength(userName ?? '')).toBeLessThanOrEqual(79)
        expect(userName).toMatch(/^\P{Cc}+$/u)
      }),
    )
  })

  it('generates a new readable password every time', () => {
    const make = () => renderTemplate(template({ password: 'generate' }), facts).password ?? ''
    const made = Array.from({ length: 200 }, make)
    expect(new Set(made).size).toBe(200)
    for (const password of made) {
      expect(password).toMatch(/^[A-Za-z][A-Za-z2-9@#%*\-_+=]{15}$/)
      expect(password).toMatch(/[A-Z]/)
      expect(password).toMatch(/[a-z]/)
      expect(password).toMatch(/[2-9]/)
      expect(password).toMatch(/[^A-Za-z0-9]/)
      expect(password).not.toMatch(/[0O1lI]/)
    }
  })
})

describe('needsOrder', () => {
  it.each([
    [template({ frontEndUrl: 'https://a.example/{instanceId}/{orderId}', userName: '{businessId}' }), false],
    [template({ frontEndUrl: 'https://a.example/{instanceId}', password: 'generate' }), false],
    [template({ frontEndUrl: 'https://a.example/{skuCode}' }), true],
    [template({ userName: 'admin-{customerId}' }), true],
    [template({ memo: 'for {customerName}' }), true],
    [{ type: 'webhook' as const, url: 'https://a.example/', secret: 's', timeoutSeconds: 4 }, true],
    [{ type: 'pool' as const }, false],
    [{ type: 'manual' as const }, false],
  ])('%j: %s', (delivery, expected) => {
    expect(needsOrder(delivery)).toBe(expected)
  })
})
