import { signedPurchase, toBytes } from '@/e2e/endurance/purchases'
import { RawConnection } from '@/e2e/endurance/raw-client'

export type Order = { url: string; orderIds: string[]; connections: number; seconds: number }
export type Measured = {
  seconds: number
  answered: number
  /** by result code */
  codes: Record<string, number>
  errors: number
  /** milliseconds */
  p50: number
  p99: number
  worst: number
  acknowledged: string[]
}

// A process of its own: what it costs to send must not be taken from what is measured.
process.on('message', async (order: Order) => {
  process.send?.(await run(order))
})

async function run({ url, orderIds, connections, seconds }: Order): Promise<Measured> {
  const port = Number(new URL(url).port)
  // Signed just before: a signature is good for a minute.
  const calls = orderIds.map((orderId) => toBytes(signedPurchase(url, orderId)))
  const opened = await Promise.all(Array.from({ length: connections }, () => RawConnection.open(port)))
  const took: number[] = []
  const codes: Record<string, number> = {}
  const acknowledged: string[] = []
  let errors = 0
  let next = 0
  const startedAt = performance.now()
  const endAt = startedAt + seconds * 1000

  async function work(connection: RawConnection) {
    while (next < calls.length && performance.now() < endAt) {
      const at = next++
      const sentAt = performance.now()
      try {
        const { status, body } = await connection.exchange(calls[at] as Buffer)
        took.push(performance.now() - sentAt)
        const code = /"resultCode":"(\d{6})"/.exec(body)?.[1] ?? `HTTP ${status}`
        codes[code] = (codes[code] ?? 0) + 1
        if (code === '000000' || code === '000004') acknowledged.push(orderIds[at] as string)
      } catch {
        errors += 1
        return
      }
    }
  }
  await Promise.all(opened.map(work))
  const elapsed = (performance.now() - startedAt) / 1000
  for (const connection of opened) connection.close()
  took.sort((a, b) => a - b)
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0
  return {
    seconds: elapsed,
    answered: took.length,
    codes,
    errors,
    p50: at(0.5),
    p99: at(0.99),
    worst: took.at(-1) ?? 0,
    acknowledged,
  }
}
