import type { RawTx } from '@/lib/db/direct'
import type { UsageInfo } from '@/lib/marketplace'

type Asked = { instanceId: string; chargingMode: string | null; createdAt: Date }
type Row = { id: string; related: string | null; value: string; last: Date }

/**
 * What queryInstance tells of use: the cumulative use of a pay-per-use instance, the use taken from a package by each
 * instance it belongs to; rejected records do not count. Instances charged otherwise are left out; without any of the
 * two kinds nothing is read.
 */
export async function usageInfoOf(tx: RawTx, instances: Asked[]): Promise<Map<string, UsageInfo[]>> {
  const byUse = instances.filter(({ chargingMode }) => chargingMode === 'ON_DEMAND')
  const packages = instances.filter(({ chargingMode }) => chargingMode === 'ON_DEMAND_PKG')
  if (byUse.length === 0 && packages.length === 0) return new Map()
  const idsOf = (asked: Asked[]) => asked.map(({ instanceId }) => instanceId)
  const rows = await tx.$queryRaw<Row[]>`
    SELECT instance_id AS id, NULL AS related, sum(value - rejected_value)::text AS value, max(last_end_at) AS last
    FROM usage_months WHERE instance_id = ANY(${idsOf(byUse)}::text[]) AND records > 0 GROUP BY instance_id
    UNION ALL
    SELECT related_package_instance_id, instance_id, sum(value)::text, max(end_at)
    FROM usage_records WHERE related_package_instance_id = ANY(${idsOf(packages)}::text[])
      AND related_package_instance_id <> '' AND state <> 'rejected'
    GROUP BY related_package_instance_id, instance_id`
  const infos = new Map<string, UsageInfo[]>()
  for (const { instanceId, createdAt } of [...byUse, ...packages]) {
    const own = rows.filter(({ id }) => id === instanceId)
    const none = { usageValue: '0', statisticalTime: createdAt }
    infos.set(instanceId, own.length > 0 ? own.map(infoOf) : [none])
  }
  return infos
}

function infoOf({ related, value, last }: Row): UsageInfo {
  return { relatedInstanceId: related, usageValue: value, statisticalTime: last }
}
