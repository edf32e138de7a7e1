/** Prisma's codes for a database that cannot be reached, is busy beyond the pool, or went away in a transaction. */
const prismaCodes = new Set(['P1001', 'P1002', 'P1008', 'P1011', 'P1017', 'P2024', 'P2028'])
/** PostgreSQL classes 08 (connection), 53 (resources), 57P0x (shut down), and the sockets' own words. */
const databaseCodes = /^(?:08...|53...|57P0[1-5]|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/
/** Serialisation failure, deadlock, unique violation: another writer was first, try again. */
const collisionCodes = new Set(['P2002', 'P2034', '40001', '40P01', '23505'])
const words =
  /connection terminated|can't reach database|connection timeout|server closed the connection|not queryable|database system is|timeout exceeded when trying to connect/i

/** Is this error about the database being away, rather than about what was asked of it? */
export function isUnavailable(error: unknown): boolean {
  return (
    codesOf(error).some((code) => prismaCodes.has(code) || databaseCodes.test(code)) || words.test(messageOf(error))
  )
}

/** Did two writers meet, so that the same work may succeed when it is run again? */
export function isCollision(error: unknown): boolean {
  return codesOf(error).some((code) => collisionCodes.has(code))
}

/** Did a statement divide by zero, which is how one says that what its transaction takes for granted is not so? */
export function isDisproved(error: unknown): boolean {
  return codesOf(error).includes('22012')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}

// A raw query's PostgreSQL code hides in meta.driverAdapterError.cause; a refused connection in `cause`.
function codesOf(error: unknown, depth = 0): string[] {
  if (typeof error !== 'object' || error === null || depth > 5) return []
  const found = error as Record<string, unknown>
  const own = [found.code, found.originalCode].filter((code) => typeof code === 'string')
  const inner = [found.cause, found.meta, found.driverAdapterError].flatMap((next) => codesOf(next, depth + 1))
  return [...own, ...inner]
}
