import { prisma } from '@/lib/db/client'
import { jobsHealth } from '@/lib/jobs'

export const dynamic = 'force-dynamic'

/** 200 when calls can be answered and background work goes on, else 503 and what is missing. */
export async function GET(): Promise<Response> {
  const database = (await databaseAnswers(1000)) ? 'ok' : 'unavailable'
  const jobs = jobsHealth().ok ? 'ok' : 'unavailable'
  const healthy = database === 'ok' && jobs === 'ok'
  return Response.json(
    { status: healthy ? 'ok' : 'unavailable', database, jobs },
    { status: healthy ? 200 : 503, headers: { 'Cache-Control': 'no-store' } },
  )
}

async function databaseAnswers(withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, withinMs, false)
  })
  const answered = Promise.resolve(prisma().$queryRaw`SELECT 1`).then(
    () => true,
    () => false,
  )
  return Promise.race([answered, late]).finally(() => clearTimeout(timer))
}
