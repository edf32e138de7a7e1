export * from './client-secret'
export * from './commands'
export * from './login'
export { parseKit } from './request'

/** The joint-operation (联营) calls; the same names in V1.0 and V2.0. */
export const kitNames = ['tenantSync', 'applicationSync', 'authSync', 'singleOrgSync', 'allOrgSync'] as const
export type KitName = (typeof kitNames)[number]
export type KitCall = { protocol: 'kit-v1' | 'kit-v2'; name: KitName }

/**
 * Recognises a kit call by its path below the production address: `/produceAPI/v2/<name>` and `/v2/<name>` are V2.0,
 * `/<name>` and `/produceAPI/<name>` V1.0. Null for everything else. Upper and lower case count.
 */
export function kitCallOf(subPath: string): KitCall | null {
  const [, version, name] = /^(?:\/produceAPI)?(\/v2)?\/([A-Za-z]+)\/?$/.exec(subPath) ?? []
  const known = kitNames.find((kitName) => kitName === name)
  return known ? { protocol: version ? 'kit-v2' : 'kit-v1', name: known } : null
}
