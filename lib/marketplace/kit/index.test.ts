import { describe, expect, it } from 'vitest'
import { isLicenseActivity, licenseV1Activities, licenseV2Activities, onlineLicenseActivities } from '../license'
import { kitCallOf, kitNames } from './index'

describe('kit calls', () => {
  it('are recognised by their four paths', () => {
    for (const name of kitNames) {
      expect(kitCallOf(`/produceAPI/v2/${name}`)).toEqual({ protocol: 'kit-v2', name })
      expect(kitCallOf(`/v2/${name}`)).toEqual({ protocol: 'kit-v2', name })
      expect(kitCallOf(`/${name}`)).toEqual({ protocol: 'kit-v1', name })
      expect(kitCallOf(`/produceAPI/${name}/`)).toEqual({ protocol: 'kit-v1', name })
    }
  })

  it.each([
    '',
    '/',
    '/v2',
    '/appSync',
    '/TENANTSYNC',
    '/v1/tenantSync',
    '/v2/produceAPI/tenantSync',
    '/tenantSync/x',
    'tenantSync',
  ])('are not %j', (path) => {
    expect(kitCallOf(path)).toBeNull()
  })
})

describe('licence activities', () => {
  it('are told from SaaS activities', () => {
    for (const activity of [...licenseV1Activities, ...licenseV2Activities, ...onlineLicenseActivities]) {
      expect(isLicenseActivity(activity)).toBe(true)
    }
    for (const other of ['newInstance', 'toString', '', undefined]) expect(isLicenseActivity(other)).toBe(false)
  })
})
