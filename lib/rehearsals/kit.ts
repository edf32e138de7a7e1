import { randomBytes } from 'node:crypto'
import { formatWireTimeMs, type KitName, kitAuthToken, signKitV2 } from '@/lib/marketplace'
import type { SignedCall } from './call'

type KitOrder = {
  name: KitName
  version: 'v1' | 'v2'
  set: Record<string, unknown>
  instanceId: string
  key: string
  to: string
  now: Date
}

/** A kit call, below the production address; a debug case, which may bring any client secret (zh-cn_topic_0082027567). */
export function kitCall({ name, version, set, instanceId, key, to, now }: KitOrder): SignedCall {
  const timeStamp = formatWireTimeMs(now, 'Asia/Shanghai')
  const ids = { instanceId, tenantId: '68cbc86abc2018ab880d92f36422fa0e', testFlag: 1, timeStamp }
  const members: Record<string, unknown> = { ...ids, ...membersOf(name, timeStamp), ...set }
  // Lists of V1 travel as text, and of allOrgSync under a name of their own.
  if (version === 'v1') {
    for (const [member, value] of Object.entries(members)) {
      if (!Array.isArray(value)) continue
      if (member === 'orgInfoList') delete members[member]
      members[member === 'orgInfoList' ? 'orgInfo' : member] = JSON.stringify(value)
    }
  }
  const body = JSON.stringify(members)
  const headers = { accept: 'application/json', 'content-type': 'application/json;charset=utf8' }
  if (version === 'v1') {
    const authToken = kitAuthToken({ key, body })
    return { method: 'POST', url: `${to}/${name}`, headers: { ...headers, authToken }, body }
  }
  const timestamp = String(now.getTime())
  const nonce = randomBytes(32).toString('hex').toUpperCase()
  const signed = { 'x-sign': signKitV2({ body, timestamp, nonce }, key), 'x-timestamp': timestamp, 'x-nonce': nonce }
  return { method: 'POST', url: `${to}/produceAPI/v2/${name}`, headers: { ...headers, ...signed }, body }
}

/** Every member the documents name, with a value the marketplace could send (saas-v2: zh-cn_topic_0070649433 ff.). */
function membersOf(name: KitName, currentSyncTime: string): Record<string, unknown> {
  const appId = 'rehearsal-app'
  switch (name) {
    case 'tenantSync': {
      const tenant = { tenantCode: 'rehearsal', name: 'rehearsal', domainName: 'https://tenant.example.com' }
      return { orderId: 'CS1906666666ABCDE', ...tenant, flag: 1 }
    }
    case 'applicationSync':
      return { appId, clientId: 'rehearsal-client', clientSecret: 'rehearsal', flag: 1 }
    case 'authSync': {
      const user = { userName: 'rehearsal-user', name: 'rehearsal', orgCode: '1', role: 'user', enable: 'true' }
      return { appId, userList: [user], currentSyncTime, flag: 1 }
    }
    case 'singleOrgSync':
      return { orgCode: '2', orgName: 'rehearsal', parentCode: '1', flag: 1 }
    case 'allOrgSync':
      return { orgInfoList: [{ orgCode: '1', orgName: 'rehearsal', name: 'rehearsal', parentCode: '' }] }
  }
}
