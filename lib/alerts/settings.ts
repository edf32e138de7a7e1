import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma, type Tx } from '@/lib/db/client'
import { lockFor } from '@/lib/db/lock'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { seal, unseal } from '@/lib/secrets'
import { type Context, requireRole } from '@/lib/users/context'
import { type AlertKind, alertKinds } from './types'

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 22:00')
const zones = ['Asia/Shanghai', 'UTC'] as const

const kinds = z.object(
  Object.fromEntries(alertKinds.map((kind) => [kind, z.boolean().default(true)])) as Record<
    AlertKind,
    z.ZodDefault<z.ZodBoolean>
  >,
)
const whole = (least: number, most: number, usual: number) => z.int().min(least).max(most).default(usual)

const common = {
  mailTo: z.array(z.email('must be an e-mail address')).max(20).default([]),
  language: z.enum(['both', 'zh-CN', 'en']).default('both'),
  kinds: kinds.prefault({}),
  thresholds: z
    .object({
      windowMinutes: whole(5, 180, 30).describe('a message is told when so much is left of its window'),
      failedOrders: whole(1, 5, 3).describe('failed orders of a product in a month'),
      stuckMinutes: whole(1, 1440, 15).describe('how long a delivery may wait'),
      poolLow: whole(1, 10_000, 5).describe('prepared accounts that are left'),
    })
    .prefault({}),
  quietHours: z
    .object({ from: clock, to: clock, timeZone: z.enum(zones).default('Asia/Shanghai') })
    .refine(({ from, to }) => from !== to, { path: ['to'], message: 'must differ from the beginning' })
    .nullable()
    .default(null)
    .describe('nothing is sent meanwhile; what still goes on afterwards is told then'),
  urgentThroughQuiet: z.boolean().default(true).describe('closing windows and failed orders are told all the same'),
}

export const alertSettingsInput = z.strictObject({
  ...common,
  webhook: z
    .strictObject({
      url: z
        .string()
        .max(2000)
        .regex(/^https?:\/\//, 'must be an http or https URL'),
      secret: z
        .string()
        .trim()
        .regex(/^[\x21-\x7e]{8,256}$/, 'must be 8 to 256 characters without blanks')
        .nullish()
        .describe('left out: stays as it is'),
      secretSet: z.boolean().optional(),
    })
    .nullable()
    .default(null),
})

export const alertSettingsSchema = z
  .object({ ...common, webhook: z.object({ url: z.string(), secretSet: z.boolean() }).nullable().default(null) })
  .meta({ id: 'AlertSettings' })
export type AlertSettings = z.output<typeof alertSettingsSchema>

/** The settings with the open secret of the webhook; for the desk itself. */
export type OpenAlertSettings = Omit<AlertSettings, 'webhook'> & { webhook: { url: string; secret: string } | null }

const KEY = 'alerts'

export async function getAlertSettings({ ctx }: { ctx: Context }): Promise<AlertSettings> {
  requireRole(ctx, 'admin')
  return shown(await readAlertSettings())
}

/** Replaces the settings. Administrators; audited without the secret. Throws 'invalid' with the member at fault. */
export async function saveAlertSettings({ ctx, input }: { ctx: Context; input: unknown }): Promise<AlertSettings> {
  requireRole(ctx, 'admin')
  const { webhook, ...given } = parseInput(alertSettingsInput, input)
  return prisma().$transaction(async (tx) => {
    await lockFor(tx, 'configuration')
    const before = await readAlertSettings(tx)
    const secret = webhook && (webhook.secret || before.webhook?.secret)
    if (webhook && !secret) {
      throw new DeskError('invalid', 'webhook.secret: a new webhook needs a secret', { field: 'webhook.secret' })
    }
    const value = { ...given, webhook: webhook && { url: webhook.url } }
    const row = { value: value as object, sealed: secret ? seal(secret) : null }
    await tx.setting.upsert({ where: { key: KEY }, create: { key: KEY, ...row }, update: row })
    await recordAudit(tx, ctx, {
      action: 'alerts.change',
      subject: 'desk',
      data: { ...value, ...(webhook?.secret ? { webhookSecret: 'changed' } : {}) },
    })
    return shown(await readAlertSettings(tx))
  })
}

/** What is set, or the defaults. A secret sealed under another DESK_SECRET counts as none. */
export async function readAlertSettings(db: Tx = prisma()): Promise<OpenAlertSettings> {
  const row = await db.setting.findUnique({ where: { key: KEY } })
  const { webhook: _, ...settings } = alertSettingsSchema.parse({ ...(row?.value as object), webhook: null })
  const url = (row?.value as { webhook?: { url?: string } } | undefined)?.webhook?.url
  const secret = row?.sealed && opened(row.sealed)
  return { ...settings, webhook: url && secret ? { url, secret } : null }
}

function opened(sealed: Uint8Array): string | null {
  try {
    return unseal(sealed)
  } catch {
    return null
  }
}

function shown({ webhook, ...settings }: OpenAlertSettings): AlertSettings {
  return { ...settings, webhook: webhook && { url: webhook.url, secretSet: true } }
}

/** Whether `now` lies in the quiet hours; they may go past midnight. */
export function isQuiet({ quietHours }: Pick<AlertSettings, 'quietHours'>, now: Date): boolean {
  if (!quietHours) return false
  const { from, to, timeZone } = quietHours
  const options = { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  const time = new Intl.DateTimeFormat('en-GB', options).format(now)
  return from < to ? time >= from && time < to : time >= from || time < to
}
