/**
 * Where a desk under test and the world around it listen; E2E_PORT moves all of them. Each worker of Playwright has a world of
 * its own, so that no test meets what another one does at the same time.
 */
export const deskPort = (world: number) => Number(process.env.E2E_PORT ?? 4310) + 10 * world

const port = deskPort(Number(process.env.TEST_PARALLEL_INDEX ?? 0))

export const ports = {
  desk: port,
  marketplace: port + 1,
  fallback: port + 2,
  seller: port + 3,
  spare: port + 4,
  smtp: port + 5,
}
export const deskUrl = `http://127.0.0.1:${ports.desk}`
export const marketplaceUrl = `http://127.0.0.1:${ports.marketplace}`
export const sellerUrl = `http://127.0.0.1:${ports.seller}`
