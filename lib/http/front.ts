import http from 'node:http'
import type { Socket } from 'node:net'
import { isMarketplacePath, serveMarketplaceCall, splitTarget } from './door'

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => unknown

export type Front = {
  server: http.Server
  /** Resolves when it listens; rejects with the error of node:net. */
  listen(port: number, host: string): Promise<void>
  /** From now on everything that is not a call of the marketplace goes to `handler`; until then it is told to wait. */
  serve(handler: Handler): void
  /** Takes no more connections and resolves when every request is answered, or cut off after `patienceMs`. */
  close(patienceMs: number): Promise<void>
}

/** The HTTP server in front of the application: calls of the marketplace take the short way, whatever they look like. */
export function createFront(): Front {
  let handler: Handler = tellToWait
  let closing = false

  const server = http.createServer({
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: 65_000,
    maxHeaderSize: 64 * 1024, // V1 sends everything in the query
  })
  server.on('request', receive)
  server.on('checkExpectation', receive) // an unknown Expect header is no reason to refuse a call
  server.on('clientError', refuseGarbage)

  function receive(request: http.IncomingMessage, response: http.ServerResponse) {
    if (closing) response.shouldKeepAlive = false
    const target = splitTarget(request.url ?? '/')
    if (isMarketplacePath(target.path)) return void serveMarketplaceCall(request, response, target)
    handler(request, response)
  }

  return {
    server,
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          resolve()
        })
      }),
    serve: (next) => {
      handler = next
    },
    close: async (patienceMs) => {
      closing = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const sweep = setInterval(() => server.closeIdleConnections(), 50)
      const cut = setTimeout(() => server.closeAllConnections(), patienceMs)
      await closed
      clearInterval(sweep)
      clearTimeout(cut)
    },
  }
}

/** What a request hears for which there is no application yet. */
export function tellToWait({ url = '/' }: http.IncomingMessage, response: http.ServerResponse): void {
  const [type, body] = url.startsWith('/api/')
    ? ['application/json', '{"status":"starting"}']
    : ['text/plain', 'The desk is starting.\n']
  response.writeHead(503, { 'Content-Type': type, 'Retry-After': '1' }).end(body)
}

function refuseGarbage(_: Error, socket: Socket | import('node:stream').Duplex): void {
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  socket.destroy()
}
