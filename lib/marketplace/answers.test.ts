import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Answer, type AppInfo, appInfoProblem, UnwritableAnswer, writeV1, writeV2 } from './answers'
import { decryptField } from './signing/field-cipher'

const key = '00000000-1111-2222-3333-444444444444'
const appInfo: AppInfo = {
  frontEndUrl: 'https://app.example.com/测试',
  adminUrl: 'https://app.example.com/admin',
  userName: 'admin',
  password: 'Pa$$w0rd-测试',
  memo: '你好 "quoted" 😀\n',
}
const iv = () => 'abcdefgh12345678'

describe('writeV2', () => {
  it('always has resultCode and resultMsg', () => {
    expect(writeV2({ code: '000003' })).toBe('{"resultCode":"000003","resultMsg":"the instance does not exist"}')
    expect(writeV2({ code: '000000', message: '', instanceId: 'i1' })).toBe(
      '{"resultCode":"000000","resultMsg":"success.","instanceId":"i1"}',
    )
  })

  it('writes app info plain, only the memo in ASCII, and none beside newInstance', () => {
    const text = writeV2({ code: '000000', info: [{ instanceId: 'i1', appInfo }] })
    expect(text).toBe(
      '{"resultCode":"000000","resultMsg":"success.","info":[{"instanceId":"i1","appInfo":{"frontEndUrl":"https://app.example.com/测试","adminUrl":"https://app.example.com/admin","userName":"admin","password":"Pa$$w0rd-测试","memo":"\\u4f60\\u597d \\"quoted\\" \\ud83d\\ude00\\n"}}]}',
    )
    expect(JSON.parse(text).info[0].appInfo).toEqual(appInfo)
    expect(writeV2({ code: '000000', instanceId: 'i1', appInfo })).not.toContain('appInfo')
  })

  it('writes usage as exact numbers and UTC times', () => {
    const usageInfo = [
      {
        relatedInstanceId: 'r',
        usageValue: '123456789012.5000',
        statisticalTime: new Date('2024-01-02T03:04:05.006Z'),
        dashboardUrl: 'https://u',
      },
      { usageValue: '007', statisticalTime: new Date(0) },
    ]
    expect(writeV2({ code: '000000', info: [{ instanceId: 'i', usageInfo }] })).toContain(
      '"usageInfo":[{"relatedInstanceId":"r","usageValue":123456789012.5000,"statisticalTime":"20240102030405006","dashboardUrl":"https://u"},{"usageValue":7,"statisticalTime":"19700101000000000"}]',
    )
    const odd = [{ instanceId: 'i', usageInfo: [{ usageValue: '1e3', statisticalTime: new Date(0) }] }]
    expect(() => writeV2({ code: '000000', info: odd })).toThrow(UnwritableAnswer)
  })
})

describe('writeV1', () => {
  it('encrypts userName and password and says how', () => {
    for (const encryptType of ['1', '2'] as const) {
      const written = JSON.parse(writeV1({ code: '000000', instanceId: 'i1', appInfo }, { key, encryptType }))
      expect(written).toMatchObject({ resultCode: '000000', encryptType, instanceId: 'i1' })
      expect(written.appInfo).toMatchObject({ frontEndUrl: appInfo.frontEndUrl, memo: appInfo.memo })
      for (const field of ['userName', 'password'] as const) {
        expect(decryptField(written.appInfo[field], key, encryptType)).toEqual({ ok: true, value: appInfo[field] })
      }
      expect(written.appInfo.userName.slice(0, 16)).not.toBe(written.appInfo.password.slice(0, 16))
    }
  })

  it('is the same to the byte with a given IV', () => {
    const answer: Answer = {
      code: '000000',
      instanceId: 'i1',
      appInfo: { frontEndUrl: 'https://a', userName: 'admin' },
    }
    expect(writeV1(answer, { key, encryptType: '1', iv })).toBe(
      '{"resultCode":"000000","resultMsg":"success.","encryptType":"1","instanceId":"i1","appInfo":{"frontEndUrl":"https://a","userName":"abcdefgh12345678UQhO9ObD5ECyRS8LE9Bsyw=="}}',
    )
  })

  it('encrypts inside info too, and says nothing of encryption where there is nothing to encrypt', () => {
    const written = JSON.parse(
      writeV1({ code: '000000', info: [{ instanceId: 'i1', appInfo }] }, { key, encryptType: '2', iv }),
    )
    expect(written).toMatchObject({ encryptType: '2', info: [{ instanceId: 'i1' }] })
    expect(written.info[0].appInfo.userName).toBe('abcdefgh123456782+e+3onuFP2cwbfUj6bCZQ==')
    expect(writeV1({ code: '000001' }, { key, encryptType: '1' })).toBe(
      '{"resultCode":"000001","resultMsg":"authentication failed"}',
    )
  })
})

describe('limits', () => {
  it('cut the message and the memo between characters', () => {
    const written = JSON.parse(
      writeV2({
        code: '000005',
        message: '😀'.repeat(300),
        info: [{ instanceId: 'i', appInfo: { frontEndUrl: 'https://a', memo: `x${'😀'.repeat(600)}` } }],
      }),
    )
    expect(written.resultMsg.length).toBeLessThanOrEqual(255)
    expect(written.info[0].appInfo.memo.length).toBeLessThanOrEqual(1024)
    expect(written.info[0].appInfo.memo + written.resultMsg).not.toMatch(/\p{Cs}/u)
  })

  it.each([
    [{ frontEndUrl: '' }, 'saas-v2', 'frontEndUrl'],
    [{ frontEndUrl: 'x'.repeat(513) }, 'saas-v2', 'frontEndUrl'],
    [{ frontEndUrl: 'x', adminUrl: 'x'.repeat(513) }, 'saas-v1', 'adminUrl'],
    [{ frontEndUrl: 'x', userName: 'x'.repeat(129) }, 'saas-v2', 'userName'],
    [{ frontEndUrl: 'x', userName: 'x'.repeat(80) }, 'saas-v1', 'userName'],
    [{ frontEndUrl: 'x', password: '测'.repeat(27) }, 'saas-v1', 'password'],
  ] as const)('refuse %j in %s', (odd, protocol, field) => {
    expect(appInfoProblem(odd, protocol)).toMatchObject({ field })
    const answer: Answer = { code: '000000', info: [{ instanceId: 'i', appInfo: odd }] }
    const write = () => (protocol === 'saas-v1' ? writeV1(answer, { key, encryptType: '1' }) : writeV2(answer))
    expect(write).toThrow(UnwritableAnswer)
  })

  it('allow what just fits', () => {
    expect(
      appInfoProblem({ frontEndUrl: 'x'.repeat(512), userName: 'x'.repeat(79), password: 'x'.repeat(79) }, 'saas-v1'),
    ).toBeNull()
    expect(appInfoProblem({ frontEndUrl: 'x', userName: 'x'.repeat(128) }, 'saas-v2')).toBeNull()
  })

  it('make JSON of every text', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 70 })
    fc.assert(
      fc.property(texts, texts, (instanceId, memo) => {
        const written = JSON.parse(
          writeV2({ code: '000000', instanceId, info: [{ instanceId, appInfo: { frontEndUrl: 'x', memo } }] }),
        )
        expect(written.instanceId).toBe(instanceId)
        expect(written.info[0].appInfo.memo ?? '').toBe(memo)
      }),
    )
  })
})
