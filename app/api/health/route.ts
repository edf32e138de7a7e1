import { health } from '@/lib/health'

export const dynamic = 'force-dynamic'

/** For a deployment without server.ts, which answers this by itself. */
export async function GET(): Promise<Response> {
  const now = await health()
  return Response.json(now, { status: now.status === 'ok' ? 200 : 503, headers: { 'Cache-Control': 'no-store' } })
}
