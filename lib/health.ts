import { prisma } from '@/lib/db/client'
import { jobsHealth } from '@/lib/jobs'

type Part = 'ok' | 'unavailable'
type Health = { status: Part; database: Part; jobs: Part }

const PATIENCE_MS = 1_000

/** Whether calls can be answered and background work goes on, else what is missing. Never throws. */
async function health(): Promise<Health> {
  const database = (await databaseAnswers()) ? 'ok' : 'unavailable'
  const jobs = jobsHealth().ok ? 'ok' : 'unavailable'
  return { status: database === 'ok' && jobs === 'ok' ? 'ok' : 'unavailable', database, jobs }
}

/** The same as GET /api/health answers it: 200, or 503 when something is missing. */
export async function healthAnswer() {
  const now = await health()
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }
  return { status: now.status === 'ok' ? 200 : 503, headers, body: JSON.stringify(now) }
}

async function databaseAnswers(): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, false)
  })
  const answered = Promise.resolve(prisma().$queryRaw`SELECT 1`).then(
    () => true,
    () => false,
  )
  return Promise.race([answered, late]).finally(() => clearTimeout(timer))
}
