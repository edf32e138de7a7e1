import { Prisma } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import type { LicenseCommand } from '@/lib/marketplace'
import { type License, readWhere, requestKeys } from './store'

export { type License, rebuildLicense } from './store'

/** The licence a command is about, or null. Locks nothing. */
export async function findLicense(tx: RawTx, command: LicenseCommand): Promise<License | null> {
  const { test } = command
  const by = (condition: Prisma.Sql) => readWhere(tx, condition)
  const keyed = (key: string) => by(Prisma.sql`request_key = ${key}`)
  switch (command.activity) {
    case 'getLicense':
      return (await keyed(requestKeys.order(command.orderId, test)))[0] ?? null
    case 'getLicenseAsync':
      return (await keyed(requestKeys.event(command.eventId, command.deviceFingerprint, test)))[0] ?? null
    case 'refreshLicenseCode':
    case 'updateLicenseCodeStatus':
    case 'releaseLicenseCode':
      return (await keyed(requestKeys.code(command.license, test)))[0] ?? null
    default: {
      const { instanceId, orderId } = command
      const found = await by(Prisma.sql`kind = 'license-id' AND test = ${test}
        AND (instance_id = ${instanceId} OR order_id = ${orderId})`)
      return found.find((license) => license.instanceId === instanceId) ?? found[0] ?? null
    }
  }
}

/** What of a licence may be compared and shown. */
export function licenseFacts(license: License | null): Record<string, unknown> | null {
  if (!license) return null
  const { asked: _, content: __, requestKey: ___, callId: ____, id: _____, ...facts } = license
  return facts
}

/** How many licences of an instance were asked for and not denied or released. */
export async function licensesOfInstance(tx: RawTx, instanceId: string): Promise<number> {
  const [row] = await tx.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM licenses
    WHERE instance_id = ${instanceId} AND kind = 'license-online' AND state NOT IN ('denied', 'released')`
  return row?.count ?? 0
}
