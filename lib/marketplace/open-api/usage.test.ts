import { describe, expect, it } from 'vitest'
import { verifySdkHmac } from '../signing/sdk-hmac'
import { verifyUsage } from '../signing/usage-signature'
import { buildOldUsagePush, buildUsagePush, parseUsageAnswer, type UsageEntry } from './usage'

const entry: UsageEntry = {
  meteringSn: 'sn-1',
  instanceId: 'i-1',
  productId: 'OFFI1',
  recordedAt: new Date('2026-01-31T16:05:00.900Z'),
  beginAt: new Date('2026-01-31T15:00:00Z'),
  endAt: new Date('2026-01-31T16:00:00Z'),
  value: '12.5',
  relatedPackageInstanceId: null,
}

describe('a push of usage', () => {
  it('is signed over the very bytes that are sent, names in order', () => {
    const { url, headers, body } = buildUsagePush({
      baseUrl: 'https://mkt.example.com/',
      key: 'k',
      entries: [{ ...entry, relatedPackageInstanceId: 'p-1' }],
      nonce: 'n-1',
      nowMs: 1769875500000,
    })
    expect(url).toBe('https://mkt.example.com/api/mkp-openapi-public/global/v1/isv/usage-data')
    expect(body).toBe(
      '{"usage_records":[{"begin_time":"20260131T150000Z","end_time":"20260131T160000Z","instance_id":"i-1","metering_sn":"sn-1","record_time":"20260131T160500Z","relate_pkg_instance":"p-1","usage_value":"12.5"}]}',
    )
    const { ts = '', nonce = '', signature = '' } = headers
    expect(verifyUsage({ ts, nonce, signature, body }, 'k')).toBe(true)
  })

  it('of the older interface has a product and no number, and AK/SK', () => {
    const now = new Date('2026-01-31T16:05:00Z')
    const access = { accessKeyId: 'AK', secret: 'SK' }
    const { url, headers, body } = buildOldUsagePush({
      baseUrl: 'https://m.example.com',
      entries: [entry],
      now,
      ...access,
    })
    expect(url).toBe('https://m.example.com/rest/marketplace/v1/isv/usage-data')
    expect(JSON.parse(body).usage_records[0]).toMatchObject({ product_id: 'OFFI1', usage_value: '12.5' })
    expect(body).not.toContain('metering_sn')
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    const request = {
      method: 'POST',
      target: '/rest/marketplace/v1/isv/usage-data',
      headers: { ...lower, host: 'm.example.com' },
      body,
    }
    expect(verifySdkHmac(request, (id) => (id === 'AK' ? 'SK' : undefined), now.getTime())).toMatchObject({ ok: true })
  })
})

describe('its answer', () => {
  const answer = (status: number, body: unknown) =>
    parseUsageAnswer(status, typeof body === 'string' ? body : JSON.stringify(body))

  it.each([
    [200, { error_code: 'MKT.0000', error_msg: 'Success' }, { kind: 'accepted' }],
    [200, { error_code: 'MKT. 0000' }, { kind: 'accepted' }],
    [401, { error_code: '94060002', error_msg: 'Auth failed!' }, { kind: 'refused', because: 'caller' }],
    [400, { error_code: '94060004', error_msg: 'Param' }, { kind: 'refused', because: 'records' }],
    [500, { error_code: 'MKT.9001' }, { kind: 'refused', because: 'records' }],
    [500, { error_code: 'MKT.9004' }, { kind: 'refused', because: 'records' }],
    [406, { error_code: 'MKT.0250' }, { kind: 'refused', because: 'rate' }],
    [401, { error_code: 'APIGW.0301', request_id: 'x' }, { kind: 'refused', because: 'caller' }],
    [413, { error_code: 'APIGW.0201' }, { kind: 'refused', because: 'records' }],
    [500, { error_code: '94060001', error_msg: 'System error!' }, { kind: 'unknown', code: '94060001' }],
    [504, { error_code: 'APIGW.0201' }, { kind: 'unknown' }],
    [200, '', { kind: 'unknown', code: null }],
    [200, '{"error_code":"MKT.0000"', { kind: 'unknown' }],
    [502, '<h1>Bad Gateway</h1>', { kind: 'unknown' }],
  ])('of status %i and %j says what became of the records', (status, body, outcome) => {
    expect(answer(status, body)).toMatchObject(outcome)
  })

  it('is taken apart by record, wherever the list stands and however its members are called', () => {
    const list = [
      { metering_sn: 'a', error_code: '013', error_msg: 'abnormal' },
      { instanceId: 'i', errorCode: 10, errorMsg: 'duplicate' },
    ]
    const apart = {
      kind: 'partly',
      code: '94060999',
      abnormal: [
        { meteringSn: 'a', instanceId: null, code: '013', message: 'abnormal' },
        { meteringSn: null, instanceId: 'i', code: '010', message: 'duplicate' },
      ],
    }
    for (const body of [
      { data: { abnormal_usage_data: list } },
      { abnormal_usage_data: list },
      { abnormalUsageDataInfo: { abnormalUsageData: list } },
    ]) {
      expect(answer(200, { error_code: '94060999', error_msg: 'Failed', ...body })).toEqual(apart)
    }
    expect(answer(200, { error_code: '94060999' })).toEqual({ kind: 'partly', code: '94060999', abnormal: [] })
  })
})
