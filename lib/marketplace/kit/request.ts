import { refuseMissing, refuseValue, type WireError } from '../errors'
import { Fields, lengths, readFields, refuse } from '../fields'
import type { Result } from '../result'
import { parseWireTime } from '../times'
import type { ApplicationSync, AuthSync, KitCommand, KitDepartment, KitUser, TenantSync } from './commands'
import type { KitName } from './index'
import { readLooseJson } from './loose-json'

const limits = { name: 255, text: 128, secret: 4096, domain: 255 } as const

/**
 * Reads the body of a kit call of either version, given as plain JSON values, into a command. Numbers may come as text,
 * lists as JSON text, a department's name as orgName, OrgName or name (zh-cn_topic_0070649433 to 0070649437,
 * 0070649109 to 0070649113). The error names the first field that is missing or wrong; one bad entry refuses the list.
 */
export function parseKit(name: KitName, body: unknown): Result<KitCommand, WireError> {
  return readFields(() => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      refuse(refuseValue('body', body, 'a JSON object'))
    }
    return readers[name](new Fields(body as Record<string, unknown>))
  })
}

const readers: Record<KitName, (fields: Fields) => KitCommand> = {
  tenantSync,
  applicationSync,
  authSync,
  singleOrgSync,
  allOrgSync,
}

function common(fields: Fields) {
  return {
    tenantId: fields.text('tenantId'),
    instanceId: fields.optionalText('instanceId'),
    test: fields.flag('testFlag'),
    changedAt: changedAt(fields),
  }
}

/** UTC+8, 14 or 17 digits. What cannot be read is passed over: the call's own time stands in for it. */
function changedAt(fields: Fields): Date | null {
  for (const name of ['timeStamp', 'currentSyncTime']) {
    const came = fields.raw(name)
    if (typeof came !== 'string' && typeof came !== 'number') continue
    const read = parseWireTime(String(came).trim(), 'Asia/Shanghai')
    if (read.ok) return read.value
  }
  return null
}

const flags = { '0': 'delete', '1': 'add', '2': 'modify', '3': 'revoke' } as const
type Change = (typeof flags)[keyof typeof flags]

function changeOf<C extends Change>(fields: Fields, allowed: readonly C[]): C {
  const known = Object.entries(flags).filter(([, change]) => (allowed as readonly Change[]).includes(change))
  const flag = fields.oneOf(
    'flag',
    known.map(([number]) => number),
  )
  return flags[flag as keyof typeof flags] as C
}

const writes = ['delete', 'add', 'modify'] as const

function tenantSync(fields: Fields): TenantSync {
  const change = changeOf(fields, writes)
  const removed = change === 'delete'
  return {
    activity: 'tenantSync',
    ...common(fields),
    change,
    orderId: fields.optionalText('orderId'),
    tenantCode: fields.optionalText('tenantCode'),
    name: removed ? fields.optionalText('name', limits.name) : fields.text('name', limits.name),
    domainName: removed ? null : domainName(fields),
  }
}

/** It becomes the base of the login addresses, so it must be one; some cases leave `https://` out. */
function domainName(fields: Fields): string | null {
  const allowed = 'the address of the login domain, https://… of at most 255 characters'
  const text = fields.text('domainName', limits.domain)
  const address = /^https?:\/\//i.test(text) ? text : `https://${text}`
  if (!URL.canParse(address)) return refuse(refuseValue('domainName', text, allowed))
  const { origin, pathname, username, password, search, hash } = new URL(address)
  if (username || password || search || hash) refuse(refuseValue('domainName', text, allowed))
  return origin + pathname.replace(/\/+$/, '')
}

function applicationSync(fields: Fields): ApplicationSync {
  const change = changeOf(fields, writes)
  const removed = change === 'delete'
  return {
    activity: 'applicationSync',
    ...common(fields),
    change,
    appId: fields.text('appId'),
    clientId: removed ? fields.optionalText('clientId') : fields.text('clientId'),
    clientSecret: removed ? null : fields.text('clientSecret', limits.secret),
  }
}

function authSync(fields: Fields): AuthSync {
  const change = changeOf(fields, ['delete', 'add', 'modify', 'revoke'])
  const withFacts = change === 'add' || change === 'modify'
  const users = new Map<string, AuthSync['users'][number]>()
  for (const [at, item] of listOf(fields, ['userList']).entries()) {
    const read = inside(`userList[${at}]`, () => userOf(new Fields(item), withFacts))
    users.set(read.userName, read)
  }
  return { activity: 'authSync', ...common(fields), change, appId: fields.text('appId'), users: [...users.values()] }
}

function userOf(user: Fields, withFacts: boolean): AuthSync['users'][number] {
  const userName = user.text('userName')
  return { userName, facts: withFacts ? factsOf(user) : null }
}

// Who joined when stands beside the other facts in V2 and in a member `extension` in V1 (zh-cn_topic_0070649111).
function factsOf(user: Fields): Omit<KitUser, 'userName'> {
  const more = new Fields(objectOf(user.raw('extension')))
  const either = (name: string) => user.optionalText(name, limits.text) ?? more.optionalText(name, limits.text)
  return {
    name: user.text('name', limits.name),
    orgCode: user.optionalText('orgCode'),
    position: user.optionalText('position', limits.text),
    employeeCode: user.optionalText('employeeCode', limits.text),
    employeeType: user.optionalInteger('employeeType', 9) ?? more.optionalInteger('employeeType', 9),
    role: user.oneOf('role', ['user', 'admin']),
    enabled: enabled(user),
    mobile: user.optionalText('mobile', limits.text),
    email: user.optionalText('email', limits.name),
    workPlace: either('workPlace'),
    entryDate: either('entryDate'),
  }
}

function enabled(user: Fields): boolean {
  const came = user.raw('enable')
  if (typeof came === 'boolean') return came
  const text = user.optionalText('enable')?.toLowerCase()
  if (text === undefined) return refuse(refuseMissing('enable', 'true, false'))
  if (text !== 'true' && text !== 'false') refuse(refuseValue('enable', came, 'true, false'))
  return text === 'true'
}

function singleOrgSync(fields: Fields): KitCommand {
  const change = changeOf(fields, writes)
  const orgCode = fields.text('orgCode')
  const name = nameOf(fields, change === 'delete' ? 'optional' : 'mandatory')
  return { activity: 'singleOrgSync', ...common(fields), change, orgCode, name, parentCode: parentOf(fields) }
}

function allOrgSync(fields: Fields): KitCommand {
  const departments = new Map<string, KitDepartment>()
  for (const [at, item] of listOf(fields, ['orgInfoList', 'orgInfo']).entries()) {
    const department = inside(`orgInfo[${at}]`, () => departmentOf(new Fields(item)))
    // The document's example gives every entry a flag; one that is being deleted is none of the whole.
    if (String(item.flag ?? '1') === '0') departments.delete(department.orgCode)
    else departments.set(department.orgCode, department)
  }
  return { activity: 'allOrgSync', ...common(fields), departments: [...departments.values()] }
}

function departmentOf(fields: Fields): KitDepartment {
  return {
    orgCode: fields.text('orgCode'),
    name: nameOf(fields, 'mandatory') as string,
    parentCode: parentOf(fields),
  }
}

function nameOf(fields: Fields, need: 'mandatory' | 'optional'): string | null {
  for (const name of ['orgName', 'OrgName', 'name']) {
    const text = fields.optionalText(name, limits.name)
    if (text !== null) return text
  }
  return need === 'optional' ? null : refuse(refuseMissing('orgName', `1 to ${limits.name} characters`))
}

function parentOf(fields: Fields): string | null {
  return fields.optionalText('parentCode', lengths.id)
}

/** A list of objects under the first of these names that came: as a list, as JSON text, or one object alone. */
function listOf(fields: Fields, names: [string, ...string[]]): Record<string, unknown>[] {
  const name = names.find((candidate) => fields.raw(candidate) !== undefined) ?? names[0]
  const came = fields.raw(name)
  const allowed = 'a list of objects, or the same as JSON text'
  if (came === undefined || came === null || came === '') refuse(refuseMissing(name, allowed))
  const value = typeof came === 'string' ? readLooseJson(came) : came
  const list = Array.isArray(value) ? value : isObject(value) ? [value] : refuse(refuseValue(name, value, allowed))
  const bad = list.findIndex((item) => !isObject(item))
  if (bad >= 0) refuse(refuseValue(`${name}[${bad}]`, list[bad], 'an object'))
  return list as Record<string, unknown>[]
}

function objectOf(value: unknown): Record<string, unknown> {
  const read = typeof value === 'string' ? readLooseJson(value) : value
  return isObject(read) ? read : {}
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads an entry of a list; an error in it names the entry too. */
function inside<T>(place: string, read: () => T): T {
  const result = readFields(read)
  if (result.ok) return result.value
  const { field, message } = result.error
  return refuse({ ...result.error, field: `${place}.${field}`, message: `${place}.${message}` })
}
