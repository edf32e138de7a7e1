import type { ServerResponse } from 'node:http'
import { boot } from '@/lib/boot'
import { readEnv } from '@/lib/env'
import { type Ground, prepareGround } from '@/lib/ground'
import { healthAnswer } from '@/lib/health'
import { splitTarget } from '@/lib/http/door'
import { createFront } from '@/lib/http/front'
import { type Pages, startPages } from '@/lib/http/pages'
import { log } from '@/lib/log'

/** A stop must be over within 10 s, whatever hangs. */
const STOP_LIMIT_MS = 9_500
const ANSWER_LIMIT_MS = 8_000
/** npm hands a Ctrl-C on that the terminal has sent us already; only a later one is impatience. */
const SAME_SIGNAL_MS = 1_000

const front = createFront()
let ground: Ground | undefined
let pages: Pages | undefined
let stoppingSince: number | undefined

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
  const [forPages] = await Promise.all([startPages(), boot()])
  pages = forPages
  front.serve((request, response) => {
    if (splitTarget(request.url ?? '/').path === '/api/health') void answerHealth(response)
    else forPages.handle(request, response)
  })
  say(`The seller desk is ready at ${deskUrl}`)
}

// How calls fare is for the thread to say that answers them.
async function answerHealth(response: ServerResponse): Promise<void> {
  const { status, headers, body } = await healthAnswer()
  response.writeHead(status, headers).end(body)
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
  await Promise.all([pages?.stop(), globalThis.__desk?.stop()]).catch((error: Error) =>
    log.error({ err: error }, 'background work did not end well'),
  )
  await ground?.leave().catch((error: Error) => log.error({ err: error }, 'the database did not stop well'))
  process.exit(0)
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
