import { setTimeout as sleep } from 'node:timers/promises'
import { signedPurchase, toBytes } from './purchases'
import { RawConnection } from './raw-client'

export type Answered = { orderId: string; code: string; ms: number; at: number; status: number }

export type Shoppers = {
  answered: Answered[]
  /** Ids whose connection ended before an answer came. */
  unanswered: string[]
  acknowledged(): string[]
  /** Resolves when all are bought, nobody is left to buy, or `stop` was called. */
  done: Promise<void>
  stop(): void
}

/**
 * Buys these orders over so many keep-alive connections at once. A connection that breaks is opened again when
 * `persistent`, else its shopper goes home.
 */
export function sendShoppers(
  url: string,
  orderIds: Iterable<string>,
  { connections, persistent = false, pauseMs = 0 }: { connections: number; persistent?: boolean; pauseMs?: number },
): Shoppers {
  const answered: Answered[] = []
  const unanswered: string[] = []
  const port = Number(new URL(url).port)
  const orders = orderIds[Symbol.iterator]()
  let stopped = false

  async function shop(): Promise<void> {
    let connection = await RawConnection.open(port).catch(() => null)
    while (!stopped) {
      if (!connection?.open) {
        if (!persistent) return
        await sleep(50)
        connection = await RawConnection.open(port).catch(() => null)
        continue
      }
      const next = orders.next()
      if (next.done) break
      const orderId = next.value
      const at = performance.now()
      try {
        const { status, body } = await connection.exchange(toBytes(signedPurchase(url, orderId)))
        const code = /"resultCode":"(\d{6})"/.exec(body)?.[1] ?? ''
        answered.push({ orderId, code, at, ms: performance.now() - at, status })
      } catch {
        unanswered.push(orderId)
      }
      if (pauseMs > 0) await sleep(pauseMs)
    }
    connection?.close()
  }

  return {
    answered,
    unanswered,
    acknowledged: () => answered.filter(({ code }) => isAcknowledged(code)).map(({ orderId }) => orderId),
    done: Promise.all(Array.from({ length: connections }, shop)).then(() => {}),
    stop: () => {
      stopped = true
    },
  }
}

export const isAcknowledged = (code: string) => code === '000000' || code === '000004'
