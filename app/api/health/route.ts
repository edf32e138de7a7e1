import { healthAnswer } from '@/lib/health'

export const dynamic = 'force-dynamic'

/** For a deployment without server.ts, which answers this by itself. */
export async function GET(): Promise<Response> {
  const { body, ...head } = await healthAnswer()
  return new Response(body, head)
}
