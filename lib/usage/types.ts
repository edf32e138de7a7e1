/** Words of usage that the browser knows as well. */
export const usageStates = ['draft', 'queued', 'pushed', 'accepted', 'rejected'] as const

export const usageSources = ['api', 'import', 'manual'] as const
export type UsageSource = (typeof usageSources)[number]

export const usageApis = ['new', 'old'] as const
export const usageRhythms = ['hourly', 'daily', 'monthly'] as const
export type UsageRhythm = (typeof usageRhythms)[number]

export const pushStates = ['planned', 'running', 'done', 'cancelled', 'stopped'] as const

/** Why a record is not taken in; the page has a sentence for each, with what came and what is allowed. */
export const usageRules = [
  'missing',
  'form',
  'unknown-member',
  'time-local',
  'time-form',
  'value-form',
  'value-positive',
  'value-decimals',
  'value-size',
  'stranger',
  'test',
  'not-pay-per-use',
  'package',
  'package-stranger',
  'order',
  'future',
  'too-old',
  'before-opening',
  'after-closing',
  'same-period',
] as const
export type UsageRule = (typeof usageRules)[number]

export type RecordFault = {
  field: string
  /** in English, naming what came and what is allowed */
  message: string
  rule: UsageRule
  came: string | null
  allowed: string | null
}

/** The zone a file's times without one are read in; `none` refuses them. */
export const fileZones = ['none', 'UTC', 'Asia/Shanghai'] as const
