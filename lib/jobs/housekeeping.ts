import { prisma } from '@/lib/db/client'

const NONCE_MINUTES = 10
const CHUNK = 10_000

/** Forgets request ids that are too old to be accepted again anyway (10 minutes). Returns how many. */
export async function pruneNonces(): Promise<number> {
  let forgotten = 0
  for (;;) {
    const count = await prisma().$executeRaw`
      DELETE FROM nonces WHERE nonce IN (
        SELECT nonce FROM nonces WHERE seen_at < now() - make_interval(mins => ${NONCE_MINUTES}::int) LIMIT ${CHUNK}
      )`
    forgotten += count
    if (count < CHUNK) return forgotten
  }
}
