export { createProduct, deleteProduct, findClaim, listProducts, updateProduct, writeProduct } from './manage'
export {
  type Delivery,
  deliveryInputSchema,
  type EncryptType,
  newProductSchema,
  type Product,
  type ProductKind,
  type ProductView,
  placeholders,
  productChangeSchema,
  productKinds,
  productViewSchema,
  type TimeZone,
} from './schema'
export { openProduct } from './stored'
