import { env } from '@/lib/env'

/** Which marketplace this desk speaks with, and whether it is the real one. */
export function deskEnvironment(): { environment: 'production' | 'sandbox'; marketplaceHost: string } {
  const { hostname, host } = new URL(env().marketplaceUrl)
  const real = /\.myhuaweicloud\.[a-z.]+$/.test(hostname)
  return { environment: real ? 'production' : 'sandbox', marketplaceHost: host }
}
