import { createHmac } from 'node:crypto'
import { z } from 'zod'

const LIMIT = 1000
const AGE_MS = 21 * 86_400_000
const WINDOW_MS = 60_000
const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

export const usageInstanceSchema = z.strictObject({
  instanceId: z.string().min(1),
  /** ON_DEMAND when left out */
  chargingMode: z.string().optional(),
  /** of another seller */
  foreign: z.boolean().optional(),
  delisted: z.boolean().optional(),
  /** frozen or arrears: code 013 */
  abnormal: z.boolean().optional(),
  openedAt: z.iso.datetime().optional(),
  closedAt: z.iso.datetime().optional(),
})
export type UsageInstance = z.infer<typeof usageInstanceSchema>

export const usageFaultSchema = z.strictObject({
  /** For the next so many pushes; until cleared when left out. */
  times: z.number().int().positive().optional(),
  delayMs: z.number().int().min(0).max(600_000).optional(),
  /**
   * `hang-after` and `cut-after`: the records are taken and nobody is told; `500-before` takes none, `500-after` takes
   * them; `half` rejects every second record with `code`; a number answers with that error for the whole request.
   */
  answer: z.union([
    z.enum(['hang-after', 'cut-after', 'cut-before', '500-before', '500-after', 'half', 'unreadable']),
    z.string().regex(/^(94060\d{3}|MKT\.\d{4}|APIGW\.\d{4})$/),
  ]),
  /** Record code of `half`; 013 when left out. */
  code: z
    .string()
    .regex(/^\d{3}$/)
    .optional(),
})
export type UsageFault = z.infer<typeof usageFaultSchema>

export type AcceptedUsage = {
  api: 'new' | 'old'
  instanceId: string
  begin: string
  end: string
  value: string
  meteringSn: string | null
  relatedPackageInstance: string | null
}

type Abnormal = { instance_id?: unknown; metering_sn?: unknown; error_code: string; error_msg: string }
export type UsageAnswer = { status: number; body: unknown; taken: number }
type Wire = Record<string, unknown>

const CODE_WORDS: Record<string, string> = {
  '001': 'instance does not exist',
  '002': 'bad time format',
  '003': 'bad usage value',
  '004': 'metering_sn missing',
  '005': 'metering_sn repeated',
  '006': 'product delisted',
  '007': 'record too old',
  '009': 'instance of another seller',
  '010': 'duplicate record',
  '011': 'invalid time range',
  '012': 'instance is not pay-per-use',
  '013': 'abnormal resource state',
  '014': 'resource closed',
  '015': 'begin_time before the resource was opened',
}

const ERRORS: Record<string, [status: number, message: string]> = {
  '94060001': [500, 'System error!'],
  '94060002': [401, 'Auth failed!'],
  '94060004': [400, 'Param error'],
  'MKT.0999': [500, 'System internal error.'],
  'MKT.0100': [500, 'Failure of input parameter'],
  'MKT.0101': [400, 'Invalid parameter'],
  'MKT.0102': [400, 'Invalid body sign'],
  'MKT.0199': [400, 'Request parameter error'],
  'MKT.0150': [401, 'Illegal operation'],
  'MKT.0250': [406, 'Access frequency overlimit'],
  'MKT.9001': [500, 'Instance ID not found.'],
  'MKT.9002': [500, 'Invalid usage enties.'],
  'MKT.9003': [500, 'Usage records extends size limit.'],
  'MKT.9004': [500, 'Record beginTime extends Limit.'],
}

export function usageError(code: string): UsageAnswer {
  const [status, error_msg] = ERRORS[code] ?? [500, 'Unknown error']
  return { status, body: { error_code: code, error_msg }, taken: 0 }
}

/** The marketplace's memory of usage, and its rules (open-api.md §2), written without the desk's own code. */
export class UsageBook {
  private readonly instances = new Map<string, UsageInstance>()
  private readonly records = new Map<string, AcceptedUsage>()
  private readonly numbers = new Set<string>()
  private readonly nonces = new Set<string>()
  /** Any instance counts as an open pay-per-use one of this seller. */
  lenient = true
  requests = 0

  register(instances: readonly UsageInstance[]): void {
    for (const instance of instances) this.instances.set(instance.instanceId, instance)
  }

  clear(): void {
    this.instances.clear()
    this.records.clear()
    this.numbers.clear()
    this.requests = 0
  }

  accepted(): AcceptedUsage[] {
    return [...this.records.values()]
  }

  get count(): number {
    return this.records.size
  }

  /** The newer interface: signature over the body as sent, or over its compact form with sorted names. */
  checkSignature(headers: Record<string, string>, body: string, keys: readonly string[], now: Date): string | null {
    const { ts = '', nonce = '', signature = '' } = headers
    if (!/^\d{13}$/.test(ts) || Math.abs(now.getTime() - Number(ts)) > WINDOW_MS) return 'ts is missing or too far off'
    if (!nonce || nonce.length > 64 || this.nonces.has(nonce)) return 'nonce is missing or was used before'
    const sorted = JSON.stringify(sortDeep(parseJson(body)))
    const fits = keys.some((key) =>
      [body, sorted].some(
        (text) =>
          createHmac('sha256', key).update(`ts=${ts}&nonce=${nonce}&body=${text}`).digest('base64') === signature,
      ),
    )
    if (!fits) return 'signature does not fit'
    this.nonces.add(nonce)
    return null
  }

  /** Judges every record and remembers the good ones. `half`: a code every second record is rejected with. */
  take(api: 'new' | 'old', body: string, now: Date, half?: string): UsageAnswer {
    this.requests += 1
    const records = (parseJson(body) as { usage_records?: unknown } | undefined)?.usage_records
    if (!Array.isArray(records) || records.length === 0) return usageError(api === 'new' ? '94060004' : 'MKT.0199')
    if (records.length > LIMIT) return usageError(api === 'new' ? '94060004' : 'MKT.9003')
    const abnormal: Abnormal[] = []
    const good: AcceptedUsage[] = []
    const seen = { numbers: new Set<unknown>(), periods: new Set<string>() }
    for (const [at, record] of (records as Wire[]).entries()) {
      const code = (half && at % 2 === 1 ? half : null) ?? this.judge(api, record, now, seen)
      if (code) {
        const { instance_id, metering_sn } = record
        abnormal.push({ instance_id, metering_sn, error_code: code, error_msg: CODE_WORDS[code] ?? 'rejected' })
      } else {
        const one = acceptedOf(api, record)
        good.push(one)
        seen.numbers.add(one.meteringSn)
        seen.periods.add(periodOf(one))
      }
    }
    // The older interface knows no codes of records: one bad record spoils them all, a duplicate is dropped later.
    if (api === 'old') {
      const bad = abnormal.find(({ error_code }) => error_code !== '010')
      if (bad) return usageError(oldCode(bad.error_code))
    }
    for (const one of good) this.remember(one)
    if (api === 'old' || abnormal.length === 0) {
      return { status: 200, body: { error_code: 'MKT.0000', error_msg: 'Success' }, taken: good.length }
    }
    const data = { abnormal_usage_data: abnormal }
    return { status: 200, body: { error_code: '94060999', error_msg: 'Failed', data }, taken: good.length }
  }

  private remember(one: AcceptedUsage): void {
    this.records.set(periodOf(one), one)
    if (one.meteringSn) this.numbers.add(one.meteringSn)
  }

  private judge(
    api: 'new' | 'old',
    record: Wire,
    now: Date,
    seen: { numbers: Set<unknown>; periods: Set<string> },
  ): string | null {
    const { instance_id, record_time, begin_time, end_time, usage_value, metering_sn } = record
    const instance = this.instances.get(String(instance_id)) ?? (this.lenient ? { instanceId: '' } : undefined)
    if (typeof instance_id !== 'string' || !instance) return '001'
    if (instance.foreign) return '009'
    const [recorded, begin, end] = [record_time, begin_time, end_time].map(timeOf)
    if (recorded === null || begin == null || end == null) return '002'
    if (!/^\d{1,12}(\.\d{1,4})?$/.test(String(usage_value)) || Number(usage_value) <= 0) return '003'
    if (api === 'new' && (typeof metering_sn !== 'string' || metering_sn === '' || metering_sn.length > 64))
      return '004'
    const one = acceptedOf(api, record)
    if (api === 'new' && (this.numbers.has(metering_sn as string) || seen.numbers.has(metering_sn))) return '005'
    if (instance.delisted) return '006'
    if (now.getTime() - begin > AGE_MS) return '007'
    if (this.records.has(periodOf(one)) || seen.periods.has(periodOf(one))) return '010'
    if (begin > end || end > now.getTime()) return '011'
    if (instance.chargingMode && instance.chargingMode !== 'ON_DEMAND') return '012'
    if (instance.abnormal) return '013'
    if (instance.closedAt && end > Date.parse(instance.closedAt)) return '014'
    return instance.openedAt && begin < Math.floor(Date.parse(instance.openedAt) / 1000) * 1000 ? '015' : null
  }
}

function oldCode(code: string): string {
  if (code === '001') return 'MKT.9001'
  if (code === '007') return 'MKT.9004'
  if (code === '009') return 'MKT.0150'
  return 'MKT.9002'
}

function acceptedOf(api: 'new' | 'old', record: Wire): AcceptedUsage {
  return {
    api,
    instanceId: String(record.instance_id),
    begin: String(record.begin_time),
    end: String(record.end_time),
    value: String(record.usage_value),
    meteringSn: api === 'new' ? String(record.metering_sn) : null,
    relatedPackageInstance: record.relate_pkg_instance === undefined ? null : String(record.relate_pkg_instance),
  }
}

const periodOf = (one: AcceptedUsage) => `${one.instanceId} ${one.begin} ${one.end}`

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function timeOf(text: unknown): number | null {
  const parts = typeof text === 'string' ? TIME.exec(text) : null
  return parts ? Date.parse(String(text).replace(TIME, '$1-$2-$3T$4:$5:$6Z')) : null
}

function sortDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortDeep)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sortDeep(member)]),
  )
}
