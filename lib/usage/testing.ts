import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { seal } from '@/lib/secrets'

export const usageTestKey = 'usage-test-key-0001'
export const usageTestAccount = { accessKeyId: 'AKUSAGE', secret: 'SK-usage-tests' }

/** Credentials of both interfaces. */
export async function storeUsageKeys(): Promise<void> {
  await prisma().credential.createMany({
    data: [
      { id: newId(), name: 'base', kind: 'base', secret: seal(usageTestKey), hint: '0001' },
      {
        id: newId(),
        name: 'open-api',
        kind: 'ak-sk',
        accessKeyId: usageTestAccount.accessKeyId,
        secret: seal(usageTestAccount.secret),
        hint: 'ests',
      },
    ],
  })
}

export async function storeUsageProduct(name: string, settings?: { api?: string; rhythm?: string }): Promise<string> {
  const id = newId()
  await prisma().product.create({
    data: { id, name, kind: 'saas', productIds: [`id-${name}`], skuCodes: [], deliveryType: 'manual', delivery: {} },
  })
  if (settings) {
    const { api = 'new', rhythm = 'monthly' } = settings
    await prisma().usageSetting.create({ data: { productRef: id, api, rhythm, updatedAt: new Date() } })
  }
  return id
}

type Given = {
  productRef?: string | null
  openedAt?: Date
  releasedAt?: Date | null
  chargingMode?: string | null
  test?: boolean
}

/** Instances as a purchase leaves them: delivered, paid by use, opened 60 days ago unless told. */
export async function storeInstances(instanceIds: string[], given: Given = {}): Promise<void> {
  const { productRef = null, releasedAt = null, chargingMode = 'ON_DEMAND', test = false } = given
  const openedAt = given.openedAt ?? new Date(Date.now() - 60 * 86_400_000)
  await prisma().$executeRaw`
    INSERT INTO instances (instance_id, purchase_key, state, protocol, product_ref, product_id, order_id, order_line_id,
      customer_id, customer_name, test, charging_mode, delivery_state, created_at, delivered_at, released_at)
    SELECT id, 'key ' || id, CASE WHEN ${releasedAt}::timestamptz IS NULL THEN 'active' ELSE 'released' END, 'saas-v2',
      ${productRef}::uuid, 'OFFI-' || id, 'CS' || id, 'CS' || id || '-000001', 'c-' || id, 'Customer ' || id, ${test},
      ${chargingMode}, 'delivered', ${openedAt}, ${openedAt}, ${releasedAt}
    FROM unnest(${instanceIds}::text[]) AS id`
}
