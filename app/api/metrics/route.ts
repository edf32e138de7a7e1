import { countOpenMessages } from '@/lib/calls/queries'
import { answerError, authorise, textResponse } from '@/lib/http/api'
import { countWaitingDeliveries } from '@/lib/instances/queries'
import { jobCounts } from '@/lib/jobs'
import { metricsText } from '@/lib/metrics'
import { listProducts } from '@/lib/products'

export const dynamic = 'force-dynamic'

/** The figures of this process as Prometheus text, for whoever has an API token. */
export async function GET(request: Request): Promise<Response> {
  try {
    const ctx = await authorise(request)
    const [jobs, products, openMessages, waitingDeliveries] = await Promise.allSettled([
      jobCounts(),
      listProducts({ ctx }),
      countOpenMessages(),
      countWaitingDeliveries(),
    ])
    const pool = settledValue(products)?.flatMap(({ name, poolLeft }) =>
      poolLeft === null ? [] : [{ product: name, left: poolLeft }],
    )
    const text = await metricsText({
      jobs: settledValue(jobs),
      pool,
      openMessages: settledValue(openMessages),
      waitingDeliveries: settledValue(waitingDeliveries),
    })
    return textResponse('text/plain; version=0.0.4', text)
  } catch (error) {
    return answerError(error)
  }
}

// A figure that cannot be read now must not hide the others.
function settledValue<T>(settled: PromiseSettledResult<T>): T | undefined {
  return settled.status === 'fulfilled' ? settled.value : undefined
}
