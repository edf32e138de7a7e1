import { PrismaPg } from '@prisma/adapter-pg'
import { env } from '@/lib/env'
import { type Prisma, PrismaClient } from '@/lib/generated/prisma/client'
import { once } from './once'

export { Prisma } from '@/lib/generated/prisma/client'
export type Db = PrismaClient
/** What runs inside a transaction. Functions that write take it as their first argument. */
export type Tx = Prisma.TransactionClient

/** The process's Prisma client; connects on first use. adapter-pg reads times as UTC, so the session must speak UTC. */
export function prisma(): Db {
  return once('prisma', () => connect(env().databaseUrl, 10))
}

/** A client of its own, for tests and tools. */
export function connect(url: string, max: number): Db {
  return new PrismaClient({
    // Staff may wait a little on a busy day; the marketplace's calls set shorter limits of their own.
    transactionOptions: { maxWait: 8000, timeout: 15_000 },
    adapter: new PrismaPg({
      connectionString: url,
      max,
      options: '-c timezone=UTC',
      connectionTimeoutMillis: 3000,
      idleTimeoutMillis: 30_000,
    }),
  })
}
