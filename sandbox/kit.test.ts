import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { openClientSecret, parseKit, verifyKitV1, verifyKitV2 } from '@/lib/marketplace'
import { encryptClientSecret, fireKit, KIT_NAMES, kitDepartments, kitUsers, signKitCall } from './kit'
import { listenOn, readBody } from './server'

const key = 'test-kit-key-0001'
const target = 'http://127.0.0.1:1/api/produce'
const fields = {
  authSync: { userList: kitUsers(3, ['a', 'b']) },
  singleOrgSync: { parentCode: undefined },
  allOrgSync: { orgInfoList: kitDepartments(5) },
  applicationSync: { clientSecret: 'x' },
  tenantSync: {},
}

it.each(KIT_NAMES)('%s is signed so that the desk believes and understands it', (name) => {
  for (const version of ['v1', 'v2'] as const) {
    const { url, headers, body } = signKitCall({ target, version, key, name, fields: fields[name] })
    const { 'x-sign': signature = '', 'x-timestamp': timestamp = '', 'x-nonce': nonce = '', authToken = '' } = headers
    const check =
      version === 'v1'
        ? verifyKitV1({ key, body, received: authToken })
        : verifyKitV2({ body, timestamp, nonce, signature }, key)
    expect(check.ok, `${name} ${version}`).toBe(true)
    expect(url).toBe(`${target}/${version === 'v1' ? '' : 'produceAPI/v2/'}${name}`)
    expect(parseKit(name, JSON.parse(body))).toMatchObject({ ok: true, value: { activity: name, test: false } })
  }
})

it('a client secret is opened with the private key', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  for (const hash of ['sha256', 'sha1'] as const) {
    const opened = openClientSecret(encryptClientSecret('s3cret', spki, hash), [{ name: 'rsa', pem }])
    expect(opened).toMatchObject({ ok: true, secret: 's3cret' })
  }
})

it('departments are a tree, whatever their number', () => {
  const departments = kitDepartments(500)
  const codes = new Set(departments.map(({ orgCode }) => orgCode))
  expect(codes.size).toBe(500)
  expect(departments.filter(({ parentCode }) => !codes.has(parentCode))).toHaveLength(1)
})

it('fires and judges the answer', async () => {
  const server = await listenOn(0, async (request, response) => {
    const body = JSON.parse(await readBody(request)) as { tenantId: string }
    response.end(JSON.stringify({ resultCode: '000000', resultMsg: body.tenantId }))
  })
  const fired = await fireKit({ target: server.url, version: 'v2', key, name: 'tenantSync', fields: { tenantId: 't' } })
  await server.stop()
  expect(fired).toMatchObject({ resultCode: '000000', status: 200, bodySignOk: null, answer: { resultMsg: 't' } })
})
