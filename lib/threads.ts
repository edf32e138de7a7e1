import { once } from 'node:events'
import { MessageChannel, type MessagePort, parentPort, workerData } from 'node:worker_threads'

/**
 * What the thread of the pages (scripts/pages.mjs) needs of the main one, which answers the marketplace and runs the
 * jobs; everything else they share through the database. Where Next runs alone (`next start`) there is one thread for all.
 */
export type ToMain = { ready: true } | { wakeJobs: string } | { figures: MessagePort }

export const inPages = workerData?.desk === 'pages'

export function wakeJobsInMain(name: string): void {
  if (inPages) parentPort?.postMessage({ wakeJobs: name } satisfies ToMain)
}

/** The figures of the main thread, as lib/metrics.ts reads them; none where it is silent for 2 s or the only thread. */
export async function figuresOfMain<Figures>(): Promise<Figures[]> {
  if (!inPages) return []
  const { port1, port2 } = new MessageChannel()
  const answered = once(port1, 'message', { signal: AbortSignal.timeout(2_000) })
  parentPort?.postMessage({ figures: port2 } satisfies ToMain, [port2])
  return (answered as Promise<Figures[]>).catch(() => []).finally(() => port1.close())
}
