import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { DeskError } from '@/lib/errors'
import type { LoginApp } from '@/lib/generated/prisma/client'
import { parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'

const address = z
  .string()
  .trim()
  .max(512, 'must have at most 512 characters')
  .refine(isPlainAddress, 'must be an http:// or https:// URL without a user name and a fragment')

function isPlainAddress(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return /^https?:$/.test(protocol) && !username && !password && !hash
}

const loginPage = z
  .string()
  .trim()
  .max(512, 'must have at most 512 characters')
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'must be an http:// or https:// URL',
  )

export const loginAppSchema = z.strictObject({
  name: z.string().trim().min(1).max(80),
  returnUrls: z
    .array(address)
    .min(1)
    .max(20)
    .transform((urls) => [...new Set(urls.map((url) => new URL(url).href))])
    .describe('the addresses users may be sent back to, compared as a whole; the first is where they go unless told'),
  entry: z
    .enum(['unified', 'domain'])
    .default('unified')
    .describe("unified: the marketplace's login page; domain: the enterprise's own login domain, with state and PKCE"),
  loginUrl: loginPage.nullish().describe("another unified login page than the marketplace's"),
})

export const loginAppItem = z
  .object({
    appId: z.string(),
    name: z.string(),
    returnUrls: z.array(z.string()),
    entry: z.enum(['unified', 'domain']),
    loginUrl: z.string().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'LoginApp', description: 'An application whose users sign in through the desk.' })
export type LoginAppItem = z.output<typeof loginAppItem>

export const appIdSchema = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^\P{Cc}*$/u)

/** By name. */
export async function listLoginApps({ ctx }: { ctx: Context }): Promise<LoginAppItem[]> {
  requireRole(ctx, 'viewer')
  return (await prisma().loginApp.findMany({ orderBy: [{ name: 'asc' }, { appId: 'asc' }] })).map(show)
}

/** Adds an application or replaces its settings. Administrators only; audited. */
export async function saveLoginApp({
  ctx,
  appId: given,
  input,
}: {
  ctx: Context
  appId: string
  input: z.input<typeof loginAppSchema>
}): Promise<LoginAppItem> {
  requireRole(ctx, 'admin')
  const { loginUrl = null, ...wanted } = parseInput(loginAppSchema, input)
  const appId = parseInput(appIdSchema, given)
  return prisma().$transaction(async (tx) => {
    const facts = { ...wanted, loginUrl }
    const row = await tx.loginApp.upsert({
      where: { appId },
      create: { appId, ...facts, createdAt: new Date() },
      update: facts,
    })
    await recordAudit(tx, ctx, { action: 'login-app.save', subject: 'login-app', target: appId, data: facts })
    return show(row)
  })
}

/** Nobody signs in to this application through the desk any more. Administrators only; audited. */
export async function deleteLoginApp({ ctx, appId }: { ctx: Context; appId: string }): Promise<LoginAppItem> {
  requireRole(ctx, 'admin')
  return prisma().$transaction(async (tx) => {
    const row = await tx.loginApp.findUnique({ where: { appId } })
    if (!row) throw new DeskError('not-found', `There is no application ${appId}.`)
    await tx.loginApp.delete({ where: { appId } })
    await recordAudit(tx, ctx, { action: 'login-app.delete', subject: 'login-app', target: appId })
    return show(row)
  })
}

function show({ createdAt, entry, ...row }: LoginApp): LoginAppItem {
  return { ...row, entry: entry === 'domain' ? 'domain' : 'unified', createdAt: createdAt.toISOString() }
}
