import { Server } from 'node:http'
import { format } from 'node:util'
import next from 'next'
import { readEnv } from '@/lib/env'
import { type Ground, prepareGround } from '@/lib/ground'
import { createFront } from '@/lib/http/front'
import { log } from '@/lib/log'

/** A stop must be over within 10 s, whatever hangs. */
const STOP_LIMIT_MS = 9_500
const ANSWER_LIMIT_MS = 8_000
/** npm hands a Ctrl-C on that the terminal has sent us already; only a later one is impatience. */
const SAME_SIGNAL_MS = 1_000

const front = createFront()
let ground: Ground | undefined
let stoppingSince: number | undefined

// Standard output is for JSON lines; Next writes plain ones with these.
console.log = console.info = (...parts: unknown[]) => log.info(format(...parts))

process.on('SIGINT', onSignal)
process.on('SIGTERM', onSignal)

const started = start()
started.catch(async (error: Error) => {
  if (stoppingSince) return
  say(`The desk cannot start: ${error.message}`)
  log.debug({ err: error }, 'start failed')
  await ground?.leave()
  process.exit(1)
})

async function start(): Promise<void> {
  const { port, host, deskUrl } = readEnv()
  await listen(port, host)
  ground = await prepareGround()
  // Next would answer `Upgrade` requests of the server it is given; without a listener they are requests like any other,
  // which is what clients that offer HTTP/2 this way (Java's) expect.
  const httpServer = new Server()
  const app = next({ dev: false, dir: process.cwd(), hostname: host, port, httpServer })
  await app.prepare()
  const handle = app.getRequestHandler()
  front.serve((request, response) => {
    handle(request, response).catch((error: Error) => {
      log.error({ err: error }, 'request failed')
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end()
    })
  })
  say(`The seller desk is ready at ${deskUrl}`)
}

async function listen(port: number, host: string): Promise<void> {
  try {
    await front.listen(port, host)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new Error(`port ${port} on ${host} is taken by another program; stop that one or set PORT to a free port.`)
    }
    if (code === 'EACCES') throw new Error(`port ${port} is not ours to use; set PORT to one above 1023.`)
    throw new Error(
      `it cannot listen on ${host}:${port} (${message}); set HOST and PORT to an address of this machine.`,
    )
  }
}

function onSignal(): void {
  if (stoppingSince === undefined) {
    stoppingSince = Date.now()
    setTimeout(() => process.exit(0), STOP_LIMIT_MS).unref()
    void stop()
  } else if (Date.now() - stoppingSince > SAME_SIGNAL_MS) {
    process.exit(0)
  }
}

async function stop(): Promise<void> {
  await Promise.allSettled([front.close(ANSWER_LIMIT_MS), started])
  await globalThis.__desk?.stop().catch((error: Error) => log.error({ err: error }, 'background work did not end well'))
  await ground?.leave().catch((error: Error) => log.error({ err: error }, 'the database did not stop well'))
  process.exit(0)
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
