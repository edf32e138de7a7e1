import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { env } from '@/lib/env'
import { type JobName, wakeJobs } from '@/lib/jobs'
import { log } from '@/lib/log'
import { figuresAsJson } from '@/lib/metrics'
import type { ToMain } from '@/lib/threads'
import { tellToWait } from './front'
import { problemType } from './problem'

export type Pages = {
  /** Answers a request from the thread of the pages; while it starts anew, tells to wait. */
  handle(request: http.IncomingMessage, response: http.ServerResponse): void
  /** Ends the thread; resolves when it is gone, at most a second later. */
  stop(): Promise<void>
}

const RESTART_MS = 1_000
const STOP_LIMIT_MS = 1_000

/**
 * Starts Next in a thread of its own, so that no page, export or import keeps a call of the marketplace waiting: on Node 20
 * its asynchronous contexts alone would cost every call a third more. A thread that dies is started again. Rejects when
 * the first one does not come up.
 */
export async function startPages(file = path.join(process.cwd(), 'scripts', 'pages.mjs')): Promise<Pages> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-pages-'))
  const socketPath = path.join(directory, 'socket')
  const leave = () => fs.rmSync(directory, { recursive: true, force: true })
  let stopping = false
  let thread = await startThread(file, socketPath).catch((error) => {
    leave()
    throw error
  })
  watch()

  function watch() {
    thread.once('exit', (code) => {
      if (stopping) return
      log.error({ code }, 'the thread of the pages ended; it is started again')
      void startAgain()
    })
  }
  async function startAgain() {
    fs.rmSync(socketPath, { force: true })
    try {
      thread = await startThread(file, socketPath)
      watch()
    } catch (error) {
      log.error({ err: error }, 'the thread of the pages did not start')
      setTimeout(startAgain, RESTART_MS).unref()
    }
  }

  return {
    handle: forwardTo(socketPath),
    stop: async () => {
      stopping = true
      const gone = once(thread, 'exit')
      thread.postMessage({ stop: true })
      await Promise.race([gone, sleep(STOP_LIMIT_MS, undefined, { ref: false })])
      await thread.terminate()
      leave()
    },
  }
}

async function startThread(file: string, socket: string): Promise<Worker> {
  const { host: hostname, port } = env()
  const thread = new Worker(file, { workerData: { desk: 'pages', socket, hostname, port }, stdout: true })
  // Standard output is for JSON lines; Next writes plain ones.
  thread.stdout.on('data', (text: Buffer) => log.info(text.toString().trim()))
  const ready = new Promise<void>((resolve, reject) => {
    thread.on('message', async (message: ToMain) => {
      if ('ready' in message) resolve()
      else if ('wakeJobs' in message) wakeJobs(message.wakeJobs as JobName)
      else message.figures.postMessage(await figuresAsJson())
    })
    thread.on('error', (error) => {
      log.error({ err: error }, 'the thread of the pages broke')
      reject(error)
    })
    thread.once('exit', () => reject(new Error('the thread of the pages ended while it started')))
  })
  await ready
  return thread
}

/** What concerns one connection only (RFC 9110, 7.6.1). */
const ofOneHop = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect']

function forwardTo(socketPath: string): Pages['handle'] {
  const agent = new http.Agent({ keepAlive: true })
  return (request, response) => {
    const { method, url: target = '/' } = request
    const headers: http.OutgoingHttpHeaders = { ...request.headers }
    for (const name of ofOneHop) delete headers[name]
    headers['x-forwarded-for'] ??= request.socket.remoteAddress
    const passed = http.request({ agent, socketPath, method, path: target, headers, maxHeaderSize: 64 * 1024 })
    passed.on('response', (answer) => {
      if (answer.statusCode === 405 && target.startsWith('/api/v1/')) return explainWrongMethod(answer, response)
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders))
      pipeline(answer, response, () => {})
    })
    passed.on('error', () => {
      if (response.headersSent || response.destroyed) response.destroy()
      else tellToWait(request, response)
    })
    response.on('close', () => passed.destroy())
    request.pipe(passed)
    // What nobody reads any more must not block the connection.
    passed.on('close', () => request.unpipe(passed).resume())
  }
}

/** Name and value in turn, as node:http reads and writes them. */
function endToEnd(rawHeaders: string[]): string[] {
  return rawHeaders.filter((_, at) => {
    const name = (rawHeaders[at - (at % 2)] as string).toLowerCase()
    return name !== 'transfer-encoding' && !ofOneHop.includes(name)
  })
}

/** Next answers a method that a path does not have with an empty 405; like every error of the API it becomes a problem. */
function explainWrongMethod(answer: http.IncomingMessage, response: http.ServerResponse): void {
  answer.resume()
  const detail = `${response.req.method} is not possible here; /api/v1/docs lists what is.`
  const problem = { type: 'about:blank', title: 'Method Not Allowed', status: 405, detail }
  const allow = answer.headers.allow
  response
    .writeHead(405, { 'Content-Type': problemType, ...(allow && { Allow: allow }) })
    .end(response.req.method === 'HEAD' ? undefined : JSON.stringify(problem))
}
