import { randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { once } from '@/lib/db/once'
import { DeskError } from '@/lib/errors'

const cost = { parallelism: 1, iterations: 2, memorySize: 19_456, hashLength: 32, outputType: 'encoded' }
const maxWaiting = 32
const idleMs = 60_000

type Task = { password: string; hash?: string; salt?: Uint8Array }
type Waiting = { resolve(value: string | boolean): void; reject(error: Error): void }
type Hasher = { worker: Worker | null; waiting: Map<number, Waiting>; next: number; idle: NodeJS.Timeout | null }

// One thread of its own, one hash at a time: a storm of sign-ins must not hold up the calls of the marketplace.
const program = `
const { parentPort, workerData } = require('node:worker_threads')
const { argon2id, argon2Verify } = require('hash-wasm')
let turn = Promise.resolve()
parentPort.on('message', ({ id, password, hash, salt }) => {
  turn = turn.then(async () => {
    try {
      const value = hash ? await argon2Verify({ password, hash }) : await argon2id({ password, salt, ...workerData })
      parentPort.postMessage({ id, value })
    } catch (error) {
      parentPort.postMessage({ id, error: String(error) })
    }
  })
})
`

/** An argon2id hash in PHC text form. Takes about 50 ms. */
export async function hashPassword(password: string): Promise<string> {
  return (await run({ password: normalised(password), salt: randomBytes(16) })) as string
}

/** Takes the same time whatever is wrong; without a hash (no such user) it checks against one that fits nothing. */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  const fits = (await run({ password: normalised(password), hash: hash ?? nobody })) as boolean
  return fits && hash !== null
}

const nobody = '$argon2id$v=19$m=19456,t=2,p=1$a2VlcHMgdGhlIHRpbWU$0m0mHCKW4UZbZ0iSOhPjF9wCJ8l0b8X6cB0qCkzAo0M'

/** The same password typed with another input method is the same password. */
function normalised(password: string): string {
  return password.normalize('NFKC')
}

function run(task: Task): Promise<string | boolean> {
  const hasher = once<Hasher>('hasher', () => ({ worker: null, waiting: new Map(), next: 1, idle: null }))
  if (hasher.waiting.size >= maxWaiting) {
    throw new DeskError('rate-limited', 'Too many sign-ins at once. Try again in a few seconds.')
  }
  return new Promise((resolve, reject) => {
    hasher.worker ??= start(hasher)
    hasher.worker.ref()
    if (hasher.idle) clearTimeout(hasher.idle)
    const id = hasher.next++
    hasher.waiting.set(id, { resolve, reject })
    hasher.worker.postMessage({ id, ...task })
  })
}

function start(hasher: Hasher): Worker {
  const worker = new Worker(program, { eval: true, workerData: cost })
  worker.on('message', ({ id, value, error }: { id: number; value?: string | boolean; error?: string }) => {
    const waiting = hasher.waiting.get(id)
    hasher.waiting.delete(id)
    if (value === undefined) waiting?.reject(new Error(error))
    else waiting?.resolve(value)
    if (hasher.waiting.size > 0) return
    worker.unref()
    hasher.idle = setTimeout(() => {
      hasher.worker = null
      worker.terminate()
    }, idleMs).unref()
  })
  const gone = (error: Error) => {
    if (hasher.worker !== worker) return
    hasher.worker = null
    for (const waiting of hasher.waiting.values()) waiting.reject(error)
    hasher.waiting.clear()
  }
  worker.on('error', gone)
  worker.on('exit', () => gone(new Error('the password thread ended')))
  return worker
}
