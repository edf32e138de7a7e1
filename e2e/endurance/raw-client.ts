import net from 'node:net'

export type RawReply = { status: number; head: string; body: string }

/**
 * One keep-alive connection that sends prepared bytes and reads answers, without an opinion about either. Everything is
 * latin1 inside, so that lengths are bytes; `body` is UTF-8.
 */
export class RawConnection {
  private received = ''
  private waiting: { resolve(reply: RawReply): void; reject(error: Error): void } | undefined
  private ended: Error | undefined
  private withBody = true

  private constructor(private readonly socket: net.Socket) {
    socket.setEncoding('latin1').setNoDelay(true)
    socket.on('data', (text: string) => {
      this.received += text
      this.settle()
    })
    socket.on('error', (error) => this.end(error))
    socket.on('close', () => this.end(new Error('the connection was closed')))
  }

  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawConnection(socket))
      })
    })
  }

  get open(): boolean {
    return !this.ended
  }

  /** Sends and waits for one answer; an answer to HEAD has a length but no body. Rejects when the connection ends without one, or after `timeoutMs`. */
  exchange(bytes: Uint8Array, timeoutMs = 30_000, withBody = true): Promise<RawReply> {
    if (this.ended) return Promise.reject(this.ended)
    this.withBody = withBody
    const reply = this.reply(timeoutMs)
    this.socket.write(bytes)
    return reply
  }

  private reply(timeoutMs: number): Promise<RawReply> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
      this.waiting = {
        resolve: (reply) => {
          clearTimeout(timer)
          resolve(reply)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
      this.settle()
      if (this.ended) this.end(this.ended)
    })
  }

  /** Says that nothing more will be sent; answers still come. */
  finish(): void {
    this.socket.end()
  }

  close(): void {
    this.socket.destroy()
  }

  private settle(): void {
    if (!this.waiting) return
    const reply = this.takeReply()
    if (!reply) return
    const { resolve } = this.waiting
    this.waiting = undefined
    resolve(reply)
  }

  private end(error: Error): void {
    this.ended ??= error
    this.waiting?.reject(error)
    this.waiting = undefined
  }

  private takeReply(): RawReply | undefined {
    const headEnd = this.received.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    const head = this.received.slice(0, headEnd)
    const rest = headEnd + 4
    const status = Number(head.slice(9, 12))
    if (status === 100) {
      this.received = this.received.slice(rest)
      return this.takeReply()
    }
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    const chunked = this.withBody && length === undefined && /\r\ntransfer-encoding: *chunked/i.test(head)
    const bodyEnd = chunked
      ? this.received.indexOf('\r\n0\r\n\r\n', rest - 2)
      : rest + Number((this.withBody && length) || 0)
    if (bodyEnd < 0 || bodyEnd > this.received.length) return
    const body = chunked ? joinChunks(this.received.slice(rest, bodyEnd + 2)) : this.received.slice(rest, bodyEnd)
    this.received = this.received.slice(chunked ? bodyEnd + 7 : bodyEnd)
    return { status, head, body: Buffer.from(body, 'latin1').toString('utf8') }
  }
}

function joinChunks(text: string): string {
  let joined = ''
  for (let at = 0; at < text.length; ) {
    const lineEnd = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    joined += text.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
  }
  return joined
}
