import { z } from 'zod'
import type { DeskError, Result } from '@/lib/errors'
import { invalid } from '@/lib/input'

/** What a buyer gets; the limits are those of the marketplace's answers (in V1 the encrypted text counts, see the wire). */
export type AppInfo = {
  frontEndUrl: string
  adminUrl?: string
  userName?: string
  password?: string
  memo?: string
}

const URL_LIMIT = 512
const ACCOUNT_LIMIT = 128
const MEMO_LIMIT = 1024

const optional = (limit: number) =>
  z
    .string()
    .trim()
    .max(limit, `must have at most ${limit} characters`)
    .nullish()
    .transform((text) => text || undefined)

const webUrl = (text: string) => {
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return /^https?:$/.test(protocol) && !username && !password
}
const webUrlMessage = 'must be an http:// or https:// URL without a user name'

/** Access data as the seller's software, a file or staff give it. */
export const appInfoSchema = z.object({
  frontEndUrl: z
    .string()
    .trim()
    .max(URL_LIMIT, `must have at most ${URL_LIMIT} characters`)
    .refine(webUrl, webUrlMessage),
  adminUrl: optional(URL_LIMIT).refine((text) => !text || webUrl(text), webUrlMessage),
  userName: optional(ACCOUNT_LIMIT),
  password: z
    .string()
    .max(ACCOUNT_LIMIT, `must have at most ${ACCOUNT_LIMIT} characters`)
    .nullish()
    .transform((text) => text || undefined),
  memo: optional(MEMO_LIMIT),
})

/** Reads app info from outside. The error names the member and what is allowed, never what came. */
export function readAppInfo(value: unknown): Result<AppInfo, DeskError> {
  const parsed = appInfoSchema.safeParse(value)
  if (parsed.success) return { ok: true, value: withoutGaps(parsed.data) }
  const issues = parsed.error.issues.map(({ path, message }) => ({
    path: path.join('.'),
    message: message.endsWith('received undefined') ? 'is missing' : message,
  }))
  return { ok: false, error: invalid(issues) }
}

function withoutGaps(appInfo: z.output<typeof appInfoSchema>): AppInfo {
  const entries = Object.entries(appInfo).filter(([, text]) => text !== undefined)
  return Object.fromEntries(entries) as AppInfo
}
