// The thread of the pages: Next and every route but the marketplace's, behind a socket that only lib/http/pages.ts knows.
import { once } from 'node:events'
import http from 'node:http'
import process from 'node:process'
import { parentPort, workerData } from 'node:worker_threads'
import next from 'next'

const { socket, hostname, port } = workerData
// Its requests come from the server in front, which has its own limits; a kept connection must not end on its own.
const server = http.createServer({ requestTimeout: 0, headersTimeout: 0, maxHeaderSize: 128 * 1024 })
server.keepAliveTimeout = 0
// Next would answer `Upgrade` requests of the server it is given; without a listener they are requests like any other,
// which is what clients that offer HTTP/2 this way (Java's) expect.
const app = next({ dev: false, dir: process.cwd(), hostname, port, httpServer: new http.Server() })
await app.prepare()
const handle = app.getRequestHandler()
server.on('request', (request, response) => {
  handle(request, response).catch((error) => {
    console.error(error)
    if (response.headersSent) response.destroy()
    else response.writeHead(500).end()
  })
})
server.listen(socket)
await once(server, 'listening')

parentPort.on('message', async ({ stop }) => {
  if (!stop) return
  await globalThis.__desk?.stop()
  process.exit()
})
parentPort.postMessage({ ready: true })
