import type { Tx } from './client'

/** Holds a lock by name until the transaction ends: writers of the same thing wait for each other, on every replica. */
export async function lockFor(tx: Tx, name: 'users' | 'tokens' | 'configuration' | 'alerts'): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${`seller-desk:${name}`}))`
}
