import { generateKeyPairSync } from 'node:crypto'
import type { Fields } from '@/sandbox/caller'
import { type IdentityUser, startIdentity } from '@/sandbox/identity'
import { encryptClientSecret, fireKit, type KitName, kitDepartments, kitUsers } from '@/sandbox/kit'
import { ask, unique } from './shop'
import { deskUrl } from './world'

/** An enterprise of the joint operation with its identity side, whose syncs the marketplace sends to the desk. */
export async function startEnterprise(options: { departments?: number; users?: number } = {}) {
  const [tenantId, appId, instanceId, clientId] = ['tenant-', 'app-', 'kit-', 'client-'].map(unique) as [
    string,
    string,
    string,
    string,
  ]
  const key = unique('kit-key-')
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 3072,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  await ask('POST', '/credentials', { name: unique('kit '), kind: 'kit', secret: key })
  const keyName = unique('rsa ')
  await ask('POST', '/credentials', { name: keyName, kind: 'kit-private-key', secret: privateKey })

  const departments = kitDepartments(options.departments ?? 40)
  const users = kitUsers(
    options.users ?? 6,
    departments.slice(0, 5).map(({ orgCode }) => orgCode),
  )
  const identity = await startIdentity({ users: users as IdentityUser[] })
  const redirectUri = `${deskUrl}/api/v1/tenant-logins/callback`
  identity.register({ appId, tenantId, clientId, clientSecret: 's3cret', redirectUri })

  const sync = async (name: KitName, fields: Fields, version: 'v1' | 'v2' = 'v2') => {
    const ids = { tenantId, instanceId }
    const fired = await fireKit({ target: `${deskUrl}/api/produce`, version, key, name, fields: { ...ids, ...fields } })
    if (fired.resultCode !== '000000') throw new Error(`${name}: ${fired.error ?? fired.body}`)
  }
  /** What the marketplace sends when a buyer binds the application. */
  const bind = async (name = '云上科技有限公司') => {
    await sync('tenantSync', { name, domainName: identity.url, tenantCode: unique('T') })
    const clientSecret = encryptClientSecret('s3cret', publicKey)
    await sync('applicationSync', { appId, clientId, clientSecret }, 'v1')
    await sync('allOrgSync', { orgInfoList: departments })
  }
  const authorise = (list: Fields[], flag = 1) => sync('authSync', { appId, userList: list, flag })
  const find = async () => (await ask<{ items: { id: string }[] }>('GET', `/tenants?q=${tenantId}`)).items[0]?.id
  return { tenantId, appId, instanceId, keyName, identity, users, departments, sync, bind, authorise, find }
}

export type Enterprise = Awaited<ReturnType<typeof startEnterprise>>
