import type { Catalog } from '@/lib/catalog'
import type { MarketplaceOrder, WireZone } from '@/lib/marketplace'

/**
 * How an order's 14-digit times are read: as the setting says, else as the product that was bought says, else as UTC, like
 * the order printed in zh-cn_topic_0070649350 (its zone is not documented).
 */
export function orderZone(order: Pick<MarketplaceOrder, 'lines'>, config: Catalog | null): WireZone {
  if (!config) return 'UTC'
  if (config.orderTimeZone) return config.orderTimeZone
  const bought = order.lines.flatMap((line) => line.products)
  const product = bought.map(({ productId, skuCode }) => config.find(productId, skuCode)).find(Boolean)
  return (product ?? config.defaultProduct)?.timeZone ?? 'UTC'
}
