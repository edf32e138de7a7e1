import { constants, createHash, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openClientSecret } from './client-secret'
import { parseKit } from './index'
import { readLooseJson } from './loose-json'

const base = { instanceId: 'ins-1', tenantId: 't-1', testFlag: 0, timeStamp: '20220420114117642' }
const user = { userName: 'ana', name: '安娜', orgCode: '01', role: 'admin', enable: 'true' }

function read(name: Parameters<typeof parseKit>[0], body: object) {
  const parsed = parseKit(name, { ...base, ...body })
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

function refusal(name: Parameters<typeof parseKit>[0], body: object) {
  const parsed = parseKit(name, { ...base, ...body })
  if (parsed.ok) throw new Error('it was read')
  return parsed.error
}

describe('kit calls are read', () => {
  const tenant = { orderId: 'CS1', tenantCode: 'T1', name: '测试企业', domainName: 'https://org.example.com/', flag: 1 }

  it('tenantSync, its time in UTC+8', () => {
    expect(read('tenantSync', tenant)).toEqual({
      activity: 'tenantSync',
      tenantId: 't-1',
      instanceId: 'ins-1',
      test: false,
      changedAt: new Date('2022-04-20T03:41:17.642Z'),
      change: 'add',
      orderId: 'CS1',
      tenantCode: 'T1',
      name: '测试企业',
      domainName: 'https://org.example.com',
    })
    const fromCredentials = { ...tenant, instanceId: '', orderId: '', flag: '2', testFlag: '1', timeStamp: 'soon' }
    expect(read('tenantSync', fromCredentials)).toMatchObject({
      instanceId: null,
      change: 'modify',
      test: true,
      changedAt: null,
    })
    expect(read('tenantSync', { flag: 0 })).toMatchObject({ change: 'delete', name: null })
    expect(read('tenantSync', { ...tenant, domainName: 'org.example.com' })).toMatchObject({
      domainName: 'https://org.example.com',
    })
  })

  it.each([
    ['flag', { ...tenant, flag: 7 }],
    ['flag', { ...tenant, flag: undefined }],
    ['flag', { ...tenant, flag: 3 }],
    ['name', { ...tenant, name: '' }],
    ['domainName', { ...tenant, domainName: 'https://a:b@example.com' }],
    ['domainName', { ...tenant, domainName: 'javascript:alert(1)' }],
    ['tenantId', { ...tenant, tenantId: 'x'.repeat(65) }],
    ['testFlag', { ...tenant, testFlag: 2 }],
  ])('a wrong %s is refused by name', (field, body) => {
    expect(refusal('tenantSync', body)).toMatchObject({ code: '000002', field })
  })

  it('authSync, as a list, as text, as text with bare names, older facts in `extension`', () => {
    const about = { appId: 'app', flag: 1 }
    const one = read('authSync', { ...about, userList: [user] })
    expect(one).toMatchObject({ change: 'add', users: [{ userName: 'ana', facts: { role: 'admin', enabled: true } }] })
    expect(read('authSync', { ...about, userList: JSON.stringify([user]) })).toEqual(one)
    const bare = '[{userName:ana,name:"安娜",orgCode:"01",role:admin,enable:true}]'
    expect(read('authSync', { ...about, userList: bare })).toEqual(one)
    const extension = { entryDate: '2020-01-5', employeeType: 2, workPlace: '深圳' }
    expect(read('authSync', { ...about, userList: [{ ...user, extension }] })).toMatchObject({
      users: [{ facts: { entryDate: '2020-01-5', employeeType: 2, workPlace: '深圳' } }],
    })
    expect(read('authSync', { ...about, userList: [{ ...user, orgCode: undefined }] })).toMatchObject({
      users: [{ facts: { orgCode: null } }],
    })
    expect(read('authSync', { ...about, flag: 3, userList: [{ userName: 'ana' }] })).toMatchObject({
      change: 'revoke',
      users: [{ userName: 'ana', facts: null }],
    })
    const twice = [user, { ...user, name: 'Ana' }]
    expect(read('authSync', { ...about, userList: twice })).toMatchObject({ users: [{ facts: { name: 'Ana' } }] })
  })

  it('a bad user is named by its place, and what he is by nothing', () => {
    const broken = (part: object) =>
      refusal('authSync', { appId: 'a', flag: 1, userList: [user, { ...user, ...part }] })
    expect(broken({ userName: '' })).toMatchObject({ code: '000002', field: 'userList[1].userName' })
    expect(broken({ role: 'boss' }).message).toContain('userList[1].role: came "boss"; allowed: user, admin')
    expect(broken({ enable: 'maybe' }).field).toBe('userList[1].enable')
    expect(broken({ mobile: '1'.repeat(200) }).message).not.toContain('111')
    expect(refusal('authSync', { appId: 'a', flag: 1 }).field).toBe('userList')
    expect(refusal('authSync', { appId: 'a', flag: 1, userList: 'nothing of the kind' }).field).toBe('userList')
    expect(refusal('authSync', { appId: 'a', flag: 1, userList: [user, 7] }).field).toBe('userList[1]')
  })

  it('departments under every name the documents give them', () => {
    const expected = { departments: [{ orgCode: '1', name: 'A', parentCode: null }] }
    for (const body of [
      { orgInfoList: [{ orgCode: '1', orgName: 'A', parentCode: '', flag: 1 }] },
      { orgInfoList: [{ orgCode: 1, OrgName: 'A' }] },
      { orgInfo: '[{"orgCode":"1","name":"A","parentCode":""}]' },
      { orgInfo: "[{orgCode:'1',name:A,parentCode:''},]" },
      { orgInfo: '{"orgCode":"1","name":"A"}' },
    ]) {
      expect(read('allOrgSync', body)).toMatchObject(expected)
    }
    expect(read('allOrgSync', { orgInfoList: [] })).toMatchObject({ departments: [] })
    expect(read('singleOrgSync', { orgCode: '1', orgName: 'A', flag: 2 })).toMatchObject({
      change: 'modify',
      name: 'A',
      parentCode: null,
    })
    expect(read('singleOrgSync', { orgCode: '1', flag: 0 })).toMatchObject({ change: 'delete', name: null })
    expect(refusal('singleOrgSync', { orgCode: '1', flag: 1 }).field).toBe('orgName')
    expect(refusal('allOrgSync', { orgInfoList: [{ orgName: 'A' }] }).field).toBe('orgInfo[0].orgCode')
  })

  it('loose JSON is not anything', () => {
    expect(readLooseJson('{a:[1,true,null,"x:y"], b: two words }')).toEqual({
      a: [1, true, null, 'x:y'],
      b: 'two words',
    })
    for (const text of ['', '[', '{a}', '[{a:1]', 'hello']) expect(readLooseJson(text), text).not.toEqual({})
    expect(readLooseJson('[{a:1]')).toBeUndefined()
  })
})

describe('client secrets', () => {
  const pair = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits })
  const keys = [pair(3072), pair(3072)]
  const named = keys.map(({ privateKey }, at) => ({
    name: `rsa-${at}`,
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }))
  const encrypt = (key: (typeof keys)[number], oaepHash: string, text = 's3cret-密') =>
    publicEncrypt({ key: key.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, Buffer.from(text))

  it.each(['sha256', 'sha1'])('open with OAEP and %s, with whichever key fits', (hash) => {
    for (const [at, key] of keys.entries()) {
      const expected = { ok: true, secret: 's3cret-密', keyName: `rsa-${at}`, padding: hash }
      const bytes = encrypt(key as (typeof keys)[number], hash)
      for (const text of [bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')]) {
        expect(openClientSecret(text, named)).toEqual(expected)
      }
      expect(openClientSecret((bytes.toString('base64').match(/.{1,64}/g) as string[]).join('\n'), named)).toEqual(
        expected,
      )
    }
  })

  it('open as Java makes them by default: SHA-256 with a mask of SHA-1', () => {
    const [key] = keys as [(typeof keys)[number]]
    const block = oaep(Buffer.from('java'), 384)
    const bytes = publicEncrypt({ key: key.publicKey, padding: constants.RSA_NO_PADDING }, block)
    expect(openClientSecret(bytes.toString('base64'), named)).toMatchObject({
      secret: 'java',
      padding: 'sha256-mgf1-sha1',
    })
  })

  it('that no key opens name the keys that were tried', () => {
    const stranger = encrypt(pair(3072), 'sha256').toString('base64')
    expect(openClientSecret(stranger, named)).toEqual({ ok: false, tried: ['rsa-0', 'rsa-1'] })
    for (const text of [
      '',
      'plain',
      randomBytes(384).toString('base64'),
      encrypt(pair(2048), 'sha1').toString('base64'),
    ]) {
      expect(openClientSecret(text, named)).toMatchObject({ ok: false })
    }
    expect(openClientSecret(stranger, [])).toEqual({ ok: false, tried: [] })
  })
})

/** EME-OAEP encoding with SHA-256 and a mask of SHA-1, written from RFC 8017 for this test alone. */
function oaep(message: Buffer, size: number): Buffer {
  const label = createHash('sha256').digest()
  const data = Buffer.concat([label, Buffer.alloc(size - message.length - 66), Buffer.of(1), message])
  const seed = randomBytes(32)
  const masked = mix(data, mask(seed, data.length))
  return Buffer.concat([Buffer.of(0), mix(seed, mask(masked, 32)), masked])
}
function mask(seed: Buffer, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 20) }, (_, at) =>
    createHash('sha1')
      .update(Buffer.concat([seed, Buffer.of(0, 0, 0, at)]))
      .digest(),
  )
  return Buffer.concat(blocks, length)
}
function mix(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)))
}
