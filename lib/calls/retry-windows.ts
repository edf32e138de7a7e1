import type { Protocol } from './types'

/**
 * How long the marketplace repeats a failing call, in hours; null: it does not, somebody presses a button.
 * Where its documents differ the shorter time stands, so that staff never count on a retry that does not come.
 * Sources: SaaS V2 pages zh-cn_topic_0070649427 to 0070649432 and 0000002091799153, production-interface messages
 * (open-api reconstruction 7.7); SaaS V1 pages zh-cn_topic_0070649013 to 0070649056; licence zh-cn_topic_0070649282.
 */
const hours: Record<Protocol, Record<string, number | null>> = {
  'saas-v2': {
    newInstance: 3,
    queryInstance: null,
    refreshInstance: 2,
    updateInstanceStatus: 1,
    releaseInstance: 1,
    upgradeInstance: 3,
    changeInstanceCheck: null,
    orderNotify: 3,
  },
  'saas-v1': {
    newInstance: 3,
    upgrade: 3,
    refreshInstance: 1,
    expireInstance: 1,
    releaseInstance: 1,
    instanceStatus: 1,
    queryInstance: null,
  },
  license: {
    getLicense: 3,
    getLicenseAsync: 2,
    refreshLicense: null,
    expireLicense: null,
    releaseLicense: null,
    refreshLicenseCode: 2,
    updateLicenseCodeStatus: 2,
    releaseLicenseCode: 2,
  },
  'kit-v1': {},
  'kit-v2': {},
}

const hourMs = 3_600_000

/** A call of these that fails for good costs the order: protocol, activity, hours of its window. */
export function orderWindows(): [Protocol, string, number][] {
  const costly = ['newInstance', 'upgrade', 'upgradeInstance', 'refreshInstance', 'getLicense', 'getLicenseAsync']
  return (Object.entries(hours) as [Protocol, Record<string, number | null>][]).flatMap(([protocol, windows]) =>
    costly.flatMap((activity) => {
      const window = windows[activity]
      return window ? [[protocol, activity, window] as [Protocol, string, number]] : []
    }),
  )
}

/** Hours in which the marketplace repeats this call by itself, or null. */
export function retryWindowHours(protocol: Protocol, activity: string): number | null {
  return hours[protocol][activity] ?? null
}

/** When the marketplace gives up on a call that first failed at `failedAt`. */
export function retryUntil(protocol: Protocol, activity: string, failedAt: Date): Date | null {
  const window = retryWindowHours(protocol, activity)
  return window === null ? null : new Date(failedAt.getTime() + window * hourMs)
}
