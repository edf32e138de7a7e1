import { z } from 'zod'
import { lookedUpOrderSchema } from '@/lib/orders'
import { defineOperation } from '../operation'

export const getOrder = defineOperation({
  method: 'GET',
  path: '/orders/{orderId}',
  tag: 'Orders',
  summary: 'An order, stored or fresh from the marketplace',
  description: 'With `refresh=1` the marketplace is asked also when the order is stored; that needs an operator.',
  role: 'viewer',
  params: z.object({ orderId: z.string().min(1).max(64) }),
  query: z.strictObject({ orderLineId: z.string().max(64).optional(), refresh: z.enum(['0', '1']).optional() }),
  answer: lookedUpOrderSchema.meta({ id: 'Order', description: 'An order as the marketplace told it.' }),
  failures: [404, 503],
})
