import fs from 'node:fs/promises'
import path from 'node:path'
import { Prisma, prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { once } from '@/lib/db/once'
import { isCollision, isUnavailable } from '@/lib/db/trouble'
import { env } from '@/lib/env'
import { log } from '@/lib/log'
import { type CallRow, recordCalls } from './messages'

/** Bytes that calls without a database may take on disk; later ones are only logged. */
const DISK_LIMIT = 64 * 1024 * 1024
const TOGETHER = 100
const LOOK_EVERY_MS = 3_000
const NAME = /^missed-calls.*\.jsonl$/

type State = { bytes: number; lines: string[]; writing: Promise<void> | null; timer: NodeJS.Timeout | undefined }
const state = () => once<State>('calls:missed', () => ({ bytes: 0, lines: [], writing: null, timer: undefined }))

/**
 * Keeps a call that met no database in a file of the data directory until `recordMissed` brings it in: the marketplace was
 * told 000005 and tries again, and if it gives up before the database is back, staff must still see that it called.
 * Resolves when the file has it. Never throws; payloads are sealed already.
 */
export async function keepMissed(row: CallRow): Promise<void> {
  const missed = state()
  const line = `${JSON.stringify({ ...row, payload: Buffer.from(row.payload).toString('base64') })}\n`
  if (missed.bytes + line.length > DISK_LIMIT) {
    log.error({ callId: row.id, activity: row.activity }, 'a call without a database is not kept: the file is full')
    return
  }
  missed.bytes += line.length
  missed.lines.push(line)
  missed.writing ??= write(missed)
  await missed.writing
}

async function write(missed: State): Promise<void> {
  const { deskDataDir } = env()
  try {
    await fs.mkdir(deskDataDir, { recursive: true })
    while (missed.lines.length > 0) {
      const lines = missed.lines.splice(0)
      await fs.appendFile(path.join(deskDataDir, 'missed-calls.jsonl'), lines.join(''), { mode: 0o600 })
    }
  } catch (error) {
    missed.lines.length = 0
    log.error({ err: error }, 'calls without a database could not be kept')
  } finally {
    missed.writing = null
  }
}

/** Looks for kept calls now and then, from the start of the process on, and brings them in. Answers how to end that. */
export function watchMissed(): () => Promise<void> {
  const missed = state()
  missed.bytes = 1 // what an earlier process left
  let running: Promise<void> = Promise.resolve()
  const look = () => {
    missed.timer = setTimeout(() => {
      running = (missed.bytes > 0 ? recordMissed() : Promise.resolve())
        .catch((error) => isUnavailable(error) || log.error({ err: error }, 'kept calls could not be brought in'))
        .then(look)
    }, LOOK_EVERY_MS).unref()
  }
  look()
  return async () => {
    const last = running
    clearTimeout(missed.timer)
    await last
    clearTimeout(missed.timer)
  }
}

/** Brings the kept calls into the database, each once, however often this is broken off. Answers how many. */
export async function recordMissed(): Promise<number> {
  const { deskDataDir: dataDir } = env()
  const missed = state()
  let recorded = 0
  // Calls that come meanwhile begin a file of their own.
  const open = path.join(dataDir, 'missed-calls.jsonl')
  await prisma().$queryRaw`SELECT 1`
  await fs.rename(open, path.join(dataDir, `missed-calls-${newId()}.jsonl`)).catch(unlessMissing)
  missed.bytes = 0
  for (const name of (await fs.readdir(dataDir)).filter((found) => NAME.test(found) && found !== path.basename(open))) {
    const file = path.join(dataDir, name)
    const text = await fs.readFile(file, 'utf8')
    try {
      const rows = text.split('\n').flatMap(rowOf)
      let refused = 0
      for (let at = 0; at < rows.length; at += TOGETHER) {
        const end = await bringInEach(rows.slice(at, at + TOGETHER))
        recorded += end.recorded
        refused += end.refused
      }
      // What the database does not take must neither hold up the others nor be lost.
      await (refused > 0 ? fs.rename(file, `${file}.refused`) : fs.rm(file))
    } catch (error) {
      missed.bytes += text.length
      throw error
    }
  }
  if (recorded > 0) log.warn({ recorded }, 'calls that came while the database was away are recorded now')
  return recorded
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

// A line that a crash cut off has no call in it.
function rowOf(line: string): CallRow[] {
  try {
    const row = JSON.parse(line)
    return [{ ...row, receivedAt: new Date(row.receivedAt), payload: Buffer.from(row.payload, 'base64') }]
  } catch {
    return []
  }
}

async function bringInEach(rows: CallRow[]): Promise<{ recorded: number; refused: number }> {
  try {
    return { recorded: await bringIn(rows), refused: 0 }
  } catch (error) {
    if (isUnavailable(error)) throw error
    if (rows.length === 1) {
      log.error({ err: error, callId: rows[0]?.id }, 'a kept call could not be recorded')
      return { recorded: 0, refused: 1 }
    }
  }
  const sum = { recorded: 0, refused: 0 }
  for (const row of rows) {
    const end = await bringInEach([row])
    sum.recorded += end.recorded
    sum.refused += end.refused
  }
  return sum
}

/** What came to a message later says how it stands; a missed call before that only counts as an attempt. */
async function bringIn(rows: CallRow[]): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Repeatable read: a call of the same message that commits meanwhile is a collision, not overwritten.
      const options = { isolationLevel: Prisma.TransactionIsolationLevel.RepeatableRead, timeout: 30_000 }
      return await prisma().$transaction((tx) => insertMissed(tx, rows), options)
    } catch (error) {
      if (!isCollision(error) || attempt >= 5) throw error
    }
  }
}

async function insertMissed(tx: Prisma.TransactionClient, rows: CallRow[]): Promise<number> {
  const ids = rows.map(({ id }) => id)
  const known = new Set(
    (await tx.call.findMany({ where: { id: { in: ids } }, select: { id: true } })).map(({ id }) => id),
  )
  const fresh = rows.filter(({ id }) => !known.has(id))
  const keys = [...new Set(fresh.map(({ messageKey }) => messageKey))]
  const held = await tx.$queryRaw<{ id: string; key: string; last_at: Date }[]>`
    SELECT id, key, last_at FROM messages WHERE key = ANY(${keys}::text[]) ORDER BY key COLLATE "C" FOR UPDATE`
  const messages = new Map(held.map((message) => [message.key, message]))
  const isLate = ({ messageKey, receivedAt }: CallRow) => (messages.get(messageKey)?.last_at ?? 0) > receivedAt
  const newest = fresh.filter((row) => !isLate(row))
  if (newest.length > 0) await recordCalls(tx, newest)
  for (const { messageKey, ...call } of fresh.filter(isLate)) {
    const messageId = (messages.get(messageKey) as (typeof held)[number]).id
    const { productRef: _, ...columns } = call
    await tx.call.create({ data: { ...columns, messageId, payload: Uint8Array.from(call.payload) } })
    await tx.message.update({ where: { id: messageId }, data: { attempts: { increment: 1 } } })
  }
  return fresh.length
}
