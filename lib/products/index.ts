export { createProduct, deleteProduct, findClaim, listProducts, updateProduct, writeProduct } from './manage'
export {
  type Delivery,
  newProductSchema,
  type Product,
  placeholders,
  productViewSchema,
  type TimeZone,
} from './schema'
export { openProduct } from './stored'
