export type Freshness =
  | { ok: true; sentAt: number }
  | { ok: false; reason: 'missing' | 'malformed' }
  | { ok: false; reason: 'stale'; skewMs: number }

/**
 * Checks a V2 or kit V2 timestamp: 13 digits are milliseconds, 10 digits seconds (the pages disagree,
 * zh-cn_topic_0070649476 and topic_0070649090). `sentAt`, `nowMs` and `skewMs` (ours minus theirs) in milliseconds.
 */
export function checkFreshness(timestamp: string | null | undefined, nowMs: number, windowMs = 60_000): Freshness {
  if (!timestamp) return { ok: false, reason: 'missing' }
  if (!/^(?:\d{10}|\d{13})$/.test(timestamp)) return { ok: false, reason: 'malformed' }
  const sentAt = timestamp.length === 10 ? Number(timestamp) * 1000 : Number(timestamp)
  const skewMs = nowMs - sentAt
  return Math.abs(skewMs) > windowMs ? { ok: false, reason: 'stale', skewMs } : { ok: true, sentAt }
}
