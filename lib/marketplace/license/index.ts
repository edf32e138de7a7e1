export * from './activities'
export type * from './commands'
export { parseLicenseV1, parseLicenseV2 } from './request'
