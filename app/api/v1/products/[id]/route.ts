import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { deleteProduct, updateProduct } from '@/lib/products'

export const PUT = route(operations.updateProduct, ({ ctx, params, body }) =>
  updateProduct({ ctx, input: { ...body, ...params } }),
)

export const DELETE = route(operations.deleteProduct, ({ ctx, params }) => deleteProduct({ ctx, input: params }))
