import { constants, createHmac, type KeyLike, publicEncrypt } from 'node:crypto'
import { HOUR, type Random, unseeded, utc17 } from './believable'
import { type CallSpec, type Fields, type Fired, type SignedCall, sendCall } from './caller'

/** The joint-operation calls: saas-v1.md §8, saas-v2.md §6. */
export const KIT_NAMES = ['tenantSync', 'applicationSync', 'authSync', 'singleOrgSync', 'allOrgSync'] as const
export type KitName = (typeof KIT_NAMES)[number]

export type KitSpec = Pick<CallSpec, 'target' | 'version' | 'key' | 'at' | 'random'> & {
  name: KitName
  /** Laid over believable defaults; `undefined` takes a default away. Lists are sent as V1 and V2 send them. */
  fields?: Fields
}

const hmac = (key: string, text: string) => createHmac('sha256', key).update(text, 'utf8')

/** A kit call as the marketplace would sign it: `timeStamp` in UTC+8, V2 in headers, V1 with an authToken over the body. */
export function signKitCall({
  target,
  version,
  key,
  name,
  fields = {},
  at = new Date(),
  random = unseeded(),
}: KitSpec): SignedCall {
  const timeStamp = utc17(new Date(at.getTime() + 8 * HOUR))
  const given = { ...defaults(name), timeStamp, ...fields }
  const members = Object.entries(given).flatMap(([member, value]) =>
    value === undefined
      ? []
      : [[member, version === 'v1' && Array.isArray(value) ? JSON.stringify(value) : value] as const],
  )
  const body = JSON.stringify(Object.fromEntries(members))
  const headers = { 'Content-Type': 'application/json;charset=utf8', Accept: 'application/json' }
  if (version === 'v1') {
    const authToken = kitToken(key, members)
    return { method: 'POST', url: `${target}/${name}`, headers: { ...headers, authToken }, body }
  }
  const nonce = random.text(64, '0123456789ABCDEF')
  const timestamp = String(at.getTime())
  const sign = hmac(key, key + nonce + timestamp + sortedBody(members)).digest('hex')
  const signed = { 'x-sign': sign, 'x-timestamp': timestamp, 'x-nonce': nonce }
  return { method: 'POST', url: `${target}/produceAPI/v2/${name}`, headers: { ...headers, ...signed }, body }
}

type Member = readonly [name: string, value: unknown]
const byName = ([one]: Member, [other]: Member) => (one < other ? -1 : 1)

/** saas-v2.md §3.3: the sorted compact JSON itself is signed. */
function sortedBody(members: Member[]): string {
  return JSON.stringify(Object.fromEntries(members.filter(([, value]) => value !== null).sort(byName)))
}

/** saas-v1.md §2.20 ff.: top-level members that are not blank. */
function kitToken(key: string, members: Member[]): string {
  const text = members
    .filter(([, value]) => value !== null && String(value).trim() !== '')
    .sort(byName)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const timeStamp = members.find(([name]) => name === 'timeStamp')?.[1] ?? ''
  return hmac(key + timeStamp, text).digest('base64')
}

function defaults(name: KitName): Fields {
  const ids = { instanceId: 'huaweiteste123456', tenantId: '68cbc86abc2018ab880d92f36422fa0e', testFlag: 0 }
  switch (name) {
    case 'tenantSync':
      return {
        ...ids,
        orderId: 'CS1906666666ABCDE',
        tenantCode: 'code-1',
        name: '云上科技有限公司',
        domainName: 'https://tenant.example.com',
        flag: 1,
      }
    case 'applicationSync':
      return { ...ids, appId: 'app-1', clientId: 'client-1', clientSecret: '', flag: 1 }
    case 'authSync':
      return { ...ids, appId: 'app-1', userList: [], currentSyncTime: '20220420114117642', flag: 1 }
    case 'singleOrgSync':
      return { ...ids, orgCode: '0001', orgName: '总部', parentCode: '', flag: 1 }
    case 'allOrgSync':
      return ids
  }
}

/** Signs a kit call, sends it, and checks the answer as the marketplace would. Never throws for what the other side does. */
export function fireKit(spec: KitSpec): Promise<Fired> {
  return sendCall(signKitCall(spec), { version: spec.version, key: spec.key })
}

/** A client secret as the marketplace sends it: RSA-OAEP under the seller's public key (saas-v2.md §6.2). */
export function encryptClientSecret(secret: string, publicKey: KeyLike, hash: 'sha256' | 'sha1' = 'sha256'): string {
  const padding = { key: publicKey as string, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }
  return publicEncrypt(padding, Buffer.from(secret)).toString('base64')
}

const FAMILY = [...'王李张刘陈杨赵黄周吴']
const GIVEN = ['伟', '芳', '娜', '敏', '静', '丽', '强', '磊', '洋', '艳', '勇', '军', '杰', '娟', '涛', '明']

export type KitUser = Record<'userName' | 'name' | 'orgCode' | 'role' | 'enable' | 'mobile' | 'email', string>

/** Users of an enterprise, spread over departments. */
export function kitUsers(count: number, orgCodes: readonly string[], random: Random = unseeded()): KitUser[] {
  return Array.from({ length: count }, (_, at) => {
    const userName = `user${String(at + 1).padStart(4, '0')}`
    return {
      userName,
      name: `${random.pick(FAMILY)}${random.pick(GIVEN)}${random.pick(GIVEN)}`,
      orgCode: orgCodes[at % orgCodes.length] ?? '',
      role: at === 0 ? 'admin' : 'user',
      enable: 'true',
      mobile: `138${String(at).padStart(8, '0')}`,
      email: `${userName}@example.com`,
    }
  })
}

export type KitDepartment = Record<'orgCode' | 'orgName' | 'name' | 'parentCode', string>

/** A tree of departments, each with up to `breadth` below it, under every name the documents give a department's name. */
export function kitDepartments(count: number, breadth = 12): KitDepartment[] {
  const titles = [
    '总部',
    '研发中心',
    '销售部',
    '市场部',
    '财务部',
    '人力资源部',
    '客户服务部',
    '采购部',
    '法务部',
    '质量部',
  ]
  const code = (at: number) => `D${String(at).padStart(5, '0')}`
  return Array.from({ length: count }, (_, at) => {
    const name = at === 0 ? '总部' : `${titles[at % titles.length]} ${at}`
    return { orgCode: code(at), orgName: name, name, parentCode: at === 0 ? '' : code(Math.floor((at - 1) / breadth)) }
  })
}
