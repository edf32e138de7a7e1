import { type EmbeddedDatabase, startEmbedded } from '@/lib/db/embedded'
import { migrate, waitForDatabase } from '@/lib/db/migrate'
import { type Env, provideEnv, readEnv } from '@/lib/env'
import { keptSecret } from '@/lib/kept-secret'
import { log } from '@/lib/log'

export type Ground = {
  env: Env
  /** Leaves the database: stops the embedded one when no other process of this desk uses it. */
  leave(): Promise<void>
}

/**
 * Everything that must stand before a program of the desk does its work: a checked environment, a reachable database with
 * every migration, a secret. The server and the command line share it, also at the same time. Throws with one sentence.
 */
export async function prepareGround(): Promise<Ground> {
  const given = readEnv()
  const embedded = given.databaseUrl ? undefined : await startOwnDatabase(given.deskDataDir)
  try {
    const databaseUrl = given.databaseUrl ?? (embedded as EmbeddedDatabase).url
    if (!embedded) await waitForDatabase(databaseUrl)
    const { applied, unknown } = await migrate(databaseUrl)
    if (applied.length > 0) log.info({ migrations: applied }, 'database migrated')
    if (unknown.length > 0) log.warn({ migrations: unknown }, 'the database was migrated by a later release')
    if (!given.deskSecret && given.databaseUrl) {
      log.warn({ directory: given.deskDataDir }, 'DESK_SECRET is unset: every replica needs the secret kept here')
    }
    const deskSecret = given.deskSecret ?? keptSecret(given.deskDataDir, 'desk-secret')
    return { env: provideEnv({ databaseUrl, deskSecret }), leave: async () => embedded?.stop() }
  } catch (error) {
    await embedded?.stop()
    throw error
  }
}

async function startOwnDatabase(dataDir: string): Promise<EmbeddedDatabase> {
  const database = await startEmbedded({ dataDir, log: (sentence) => log.warn(sentence) })
  log.info({ adopted: database.adopted }, 'embedded database ready')
  return database
}
