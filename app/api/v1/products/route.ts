import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { createProduct, listProducts } from '@/lib/products'

export const GET = route(operations.listProducts, async ({ ctx }) => listAnswer(await listProducts({ ctx })))

export const POST = route(operations.createProduct, ({ ctx, body }) => createProduct({ ctx, input: body }))
