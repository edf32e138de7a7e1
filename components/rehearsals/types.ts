export type Version = 'v1' | 'v2'

/** What /api/v1 answers about rehearsals, as the browser reads it. */
export type Run = {
  id: string
  caseId: string | null
  name: string | null
  version: Version
  activity: string
  productRef: string | null
  productName: string | null
  slot: string | null
  actor: string
  at: string
  good: boolean | null
  status: number | null
  resultCode: string | null
  resultMsg: string | null
  bodySign: boolean | null
  instanceId: string | null
  error: string | null
  durationMs: number | null
  hasCall: boolean
}

export type RehearsalCase = {
  id: string
  name: string
  version: Version
  activity: string
  members: Record<string, string>
  productRef: string | null
  productName: string | null
  expectCode: string | null
  scheduled: boolean
  lastRun: { id: string; at: string; good: boolean | null; resultCode: string | null } | null
}

export type Schedule = { enabled: boolean; times: string[] }

export type Streak = {
  productRef: string | null
  productName: string | null
  failingDays: number
  failing: boolean
  lastAt: string
  lastCode: string | null
  lastMessage: string | null
  activity: string
  rehearsed: boolean
}

const kit = ['tenantSync', 'applicationSync', 'authSync', 'singleOrgSync', 'allOrgSync']

export const activitiesOf: Record<Version, string[]> = {
  v1: [
    'newInstance',
    'refreshInstance',
    'expireInstance',
    'releaseInstance',
    'upgrade',
    'instanceStatus',
    'queryInstance',
    'getLicense',
    'refreshLicense',
    'expireLicense',
    'releaseLicense',
    ...kit,
  ],
  v2: [
    'newInstance',
    'queryInstance',
    'refreshInstance',
    'updateInstanceStatus',
    'releaseInstance',
    'upgradeInstance',
    'changeInstanceCheck',
    'orderNotify',
    'refreshLicenseCode',
    'updateLicenseCodeStatus',
    'releaseLicenseCode',
    'getLicenseAsync',
    ...kit,
  ],
}
