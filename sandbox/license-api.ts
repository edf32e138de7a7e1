import { createHash } from 'node:crypto'
import { z } from 'zod'
import { DAY, utc14 } from './believable'

const BASE = '/api/mkp-openapi-public/global'

/** The licence interfaces' errors (license.md §2.9, §3.7): HTTP status and message. */
const ERRORS: Record<string, [status: number, message: string]> = {
  '92020001': [200, 'internal error'],
  '92020002': [200, 'invalid param'],
  '92020003': [200, 'illegal state'],
  '92020004': [200, 'can not active before user received.'],
  '92020005': [200, 'license code notexist'],
  '92020011': [200, 'license code has been not activated.'],
  '92020020': [200, 'Invalid license code exists.'],
  '95000001': [400, 'req param is invalid'],
  '95000002': [405, 'Request method not supported'],
  '95000003': [415, 'Content type not supported'],
  '95000004': [400, 'req message is not readable'],
  'CBC.0150': [403, 'Illegal operation'],
  'CBC.0101': [400, 'Invalid parameter'],
  'CBC.0999': [500, 'internal error'],
  '91381033': [200, 'License resource invalid'],
  '91381034': [200, 'license apply invalid'],
  '91381035': [200, 'license period has no remain amount'],
  '91381036': [200, 'inner error'],
  '91381037': [200, 'Invalid license format.'],
  '91381038': [200, 'License apply has been denied.'],
  '91380150': [200, 'Role permission denied'],
}

export const licenseCodeSchema = z.strictObject({
  license: z.string().min(1).max(64),
  /** what the marketplace knows of it: bought, collected by the buyer, activated, … */
  status: z.enum(['GENERATED', 'COLLECTED', 'ALIVE', 'EXPIRED', 'RELEASED']).default('COLLECTED'),
  productId: z.string().default('12345'),
  orderId: z.string().default('CS123'),
  amount: z.number().int().default(1),
  /** yyyyMMddHHmmss, UTC */
  expireTime: z
    .string()
    .regex(/^\d{14}$/)
    .optional(),
})
export type LicenseCode = z.input<typeof licenseCodeSchema>
type Known = z.output<typeof licenseCodeSchema> & { activateTime?: string }

export const licenseFaultSchema = z.strictObject({
  api: z.enum(['activate', 'query', 'usage', 'upload']),
  error: z.string().refine((code) => Object.hasOwn(ERRORS, code), `one of ${Object.keys(ERRORS).join(', ')}`),
  /** only for this code or event */
  about: z.string().optional(),
  times: z.number().int().positive().default(1),
})
export type LicenseFault = z.input<typeof licenseFaultSchema>

export type Upload = {
  eventId: string
  type: string
  characters: string | null
  fileName: string | null
  content: Buffer | null
}

export type LicenseAnswer = { status: number; value: object }
export type LicenseApi = {
  register(codes: readonly LicenseCode[]): void
  code(license: string): Known | undefined
  addFault(fault: LicenseFault): void
  uploads(): Upload[]
  usage(): unknown[]
  clear(): void
  serves(pathname: string): boolean
  /** null: none of the licence interfaces. `body` as it came. */
  serve(request: { method: string; pathname: string; contentType: string; body: Buffer }): LicenseAnswer | null
}

/** The marketplace's licence interfaces: what it knows of codes, and what was uploaded for which event. */
export function licenseApi(now: () => Date): LicenseApi {
  const codes = new Map<string, Known>()
  let faults: z.output<typeof licenseFaultSchema>[] = []
  let uploads: Upload[] = []
  let usage: unknown[] = []

  const error = (code: string): LicenseAnswer => {
    const [status, error_msg] = ERRORS[code] ?? [500, 'internal error']
    return { status, value: { error_code: code, error_msg } }
  }
  const good = (data?: unknown): LicenseAnswer => {
    return { status: 200, value: { error_code: '92020000', error_msg: 'success', ...(data ? { data } : {}) } }
  }

  function takeFault(api: string, about: string[]): LicenseAnswer | null {
    const fault = faults.find((one) => one.api === api && (!one.about || about.includes(one.about)))
    if (!fault) return null
    fault.times -= 1
    faults = faults.filter(({ times }) => times > 0)
    return error(fault.error)
  }

  const info = ({ license, status, activateTime, expireTime, productId, orderId, amount }: Known) => ({
    license_code: license,
    status,
    activate_time: activateTime,
    expire_time: expireTime,
    product_id: productId,
    order_id: orderId,
    amount,
  })

  function whyNot(code: string): string | null {
    const known = codes.get(code)
    if (!known) return '92020005'
    if (known.status === 'GENERATED') return '92020004'
    return known.status === 'COLLECTED' ? null : '92020003'
  }

  function activate(list: string[], effect: unknown): LicenseAnswer {
    const problem = list.map(whyNot).find((code) => code !== null)
    if (problem) return error(list.length > 1 && problem === '92020005' ? '92020020' : problem)
    for (const code of list) {
      const known = codes.get(code) as Known
      known.status = 'ALIVE'
      known.activateTime = typeof effect === 'string' ? effect : utc14(now())
      known.expireTime ??= utc14(new Date(now().getTime() + 365 * DAY))
    }
    if (list.length > 1) return good()
    const known = codes.get(list[0] ?? '') as Known
    const { license_code: _, activate_time: __, ...told } = info(known)
    return good({ license_code_info: JSON.stringify(told) })
  }

  function query(list: string[], single: boolean): LicenseAnswer {
    for (const code of list) {
      const known = codes.get(code)
      if (!known) return error(single ? '92020005' : '92020020')
      if (known.status === 'GENERATED' || known.status === 'COLLECTED') return error('92020011')
    }
    const infos = list.map((code) => info(codes.get(code) as Known))
    return good(single ? infos[0] : infos)
  }

  function serveJson(name: string, version: string, members: Record<string, unknown>): LicenseAnswer {
    if (name === 'software-usage-info') {
      const entries = z.array(usageEntry).min(1).max(100).safeParse(members.usage_info)
      if (!entries.success) return error('95000001')
      const fault = takeFault(
        'usage',
        entries.data.map(({ license }) => license),
      )
      if (fault) return fault
      if (entries.data.some(({ license }) => !codes.has(license))) return error('92020005')
      usage.push(...entries.data)
      return good()
    }
    const list = version === 'v1' ? [members.license] : members.license_list
    const read = z.array(z.string().min(1).max(64)).min(1).max(100).safeParse(list)
    if (!read.success) return error('95000001')
    const api = name === 'activate' ? 'activate' : 'query'
    const fault = takeFault(api, read.data)
    if (fault) return fault
    return api === 'activate' ? activate(read.data, members.real_effect_time) : query(read.data, version === 'v1')
  }

  function upload(eventId: string, contentType: string, body: Buffer): LicenseAnswer {
    const boundary = /^multipart\/form-data;\s*boundary=([^;\s]+)$/.exec(contentType)?.[1]
    if (!boundary) return error('95000003')
    const parts = partsOf(body, boundary)
    const read = uploadSchema.safeParse(jsonOf(parts.get('isvUpdateFileReq')?.content.toString('utf8') ?? ''))
    if (!read.success) return error('CBC.0101')
    const { type, characters = null, file_name, sha256 } = read.data
    const file = parts.get('file')
    if (type === 'CHARACTERS' && !characters) return error('CBC.0101')
    if (type === 'FILE') {
      const hash = file && createHash('sha256').update(file.content).digest('hex')
      if (!file || !file_name || sha256 !== hash) return error('CBC.0101')
    }
    const fault = takeFault('upload', [eventId])
    if (fault) return fault
    const content = type === 'FILE' ? (file?.content ?? null) : null
    uploads.push({ eventId, type, characters, fileName: file_name ?? null, content })
    return { status: 200, value: { error_code: 'CBC.0000', error_msg: 'Success' } }
  }

  return {
    register(more) {
      for (const code of more) codes.set(code.license, licenseCodeSchema.parse(code))
    },
    code: (license) => codes.get(license),
    addFault: (fault) => void faults.push(licenseFaultSchema.parse(fault)),
    uploads: () => [...uploads],
    usage: () => [...usage],
    clear() {
      codes.clear()
      faults = []
      uploads = []
      usage = []
    },
    serves: (pathname) => pathname.startsWith(`${BASE}/`) && /\/(license|market-event)\//.test(pathname),
    serve({ method, pathname, contentType, body }) {
      if (!pathname.startsWith(BASE)) return null
      const path = pathname.slice(BASE.length)
      const [, version, name] = /^\/(v1|v2)\/license\/(activate|heartbeat|software-usage-info)$/.exec(path) ?? []
      const [, event] = /^\/v1\/market-event\/([^/]{1,200})\/file$/.exec(path) ?? []
      if (!name && !event) return null
      if (method !== 'POST') return error('95000002')
      if (event) return upload(decodeURIComponent(event), contentType, body)
      if (!/^application\/json/.test(contentType)) return error('95000003')
      const members = jsonOf(body.toString('utf8'))
      if (!members) return error('95000004')
      return serveJson(name ?? '', version ?? '', members as Record<string, unknown>)
    },
  }
}

const usageEntry = z.strictObject({
  license: z.string().min(1).max(64),
  software_usage_Info: z
    .array(
      z.union([
        z.strictObject({ id: z.string().min(1).max(256) }),
        z.strictObject({ active_num: z.number().int().min(0).max(999_999_999) }),
      ]),
    )
    .min(1)
    .max(100),
})

const uploadSchema = z.strictObject({
  type: z.enum(['CHARACTERS', 'FILE']),
  characters: z.string().max(1024).optional(),
  file_name: z.string().min(1).max(1024).optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
})

function jsonOf(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

/** The parts of a multipart body by name (RFC 7578), bytes untouched. */
function partsOf(body: Buffer, boundary: string): Map<string, { content: Buffer }> {
  const parts = new Map<string, { content: Buffer }>()
  const mark = Buffer.from(`--${boundary}`)
  let at = body.indexOf(mark)
  while (at >= 0) {
    const next = body.indexOf(mark, at + mark.length)
    if (next < 0) break
    const part = body.subarray(at + mark.length + 2, next - 2)
    const head = part.indexOf('\r\n\r\n')
    const name = /name="([^"]+)"/.exec(part.subarray(0, head).toString('utf8'))?.[1]
    if (name && head >= 0) parts.set(name, { content: part.subarray(head + 4) })
    at = next
  }
  return parts
}
