import { prisma } from '@/lib/db/client'
import { jobsHealth } from '@/lib/jobs'

type Part = 'ok' | 'unavailable'
export type Health = { status: Part; database: Part; jobs: Part }

const PATIENCE_MS = 1_000

/** Whether calls can be answered and background work goes on, else what is missing. Never throws. */
export async function health(): Promise<Health> {
  const database = (await databaseAnswers()) ? 'ok' : 'unavailable'
  const jobs = jobsHealth().ok ? 'ok' : 'unavailable'
  return { status: database === 'ok' && jobs === 'ok' ? 'ok' : 'unavailable', database, jobs }
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
