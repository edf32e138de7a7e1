import { hkdfSync } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'

const httpUrl = z
  .string()
  .refine((text) => /^https?:$/.test(parseUrl(text)?.protocol ?? ''))
  .transform((text) => text.replace(/\/+$/, ''))

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

type Variable = { schema: z.ZodType; allowed: string; secret?: true }

/** One entry per variable: how it is read, and what a person is told is allowed. */
const variables = {
  PORT: {
    schema: z
      .string()
      .regex(/^\d{1,5}$/)
      .transform(Number)
      .refine((port) => port >= 1 && port <= 65_535)
      .default(3000),
    allowed: 'a port number from 1 to 65535',
  },
  HOST: {
    schema: z
      .string()
      .regex(/^[\w.:%-]+$/)
      .default('127.0.0.1'),
    allowed: 'a host name or an IP address to listen on',
  },
  DATABASE_URL: {
    schema: z
      .string()
      .refine((text) => /^postgres(ql)?:$/.test(parseUrl(text)?.protocol ?? ''))
      .optional(),
    allowed: 'a URL such as postgresql://user:password@host:5432/database, or nothing for the embedded database',
    secret: true,
  },
  DESK_DATA_DIR: {
    schema: z
      .string()
      .default('.data')
      .transform((directory) => path.resolve(directory)),
    allowed: 'a directory',
  },
  DESK_SECRET: {
    schema: z.string().min(16).optional(),
    allowed: 'at least 16 characters, or nothing to have one generated',
    secret: true,
  },
  DESK_URL: { schema: httpUrl.optional(), allowed: 'an http:// or https:// URL' },
  DESK_ADMIN_EMAIL: { schema: z.email().optional(), allowed: 'an e-mail address' },
  DESK_ADMIN_PASSWORD: { schema: z.string().min(8).optional(), allowed: 'at least 8 characters', secret: true },
  MARKETPLACE_URL: {
    schema: httpUrl.default('https://mkt.myhuaweicloud.com'),
    allowed: 'an http:// or https:// URL',
  },
  MARKETPLACE_FALLBACK_URL: {
    schema: httpUrl.default('https://mkt.myhuaweicloud.cn'),
    allowed: 'an http:// or https:// URL',
  },
  SMTP_URL: {
    schema: z
      .string()
      .refine((text) => /^smtps?:$/.test(parseUrl(text)?.protocol ?? ''))
      .optional(),
    allowed: 'a URL such as smtp://user:password@host:587',
    secret: true,
  },
  MAIL_FROM: { schema: z.string().regex(/@/).optional(), allowed: 'an e-mail address, with or without a name' },
  LOG_LEVEL: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    allowed: 'fatal, error, warn, info, debug, trace or silent',
  },
  DESK_ALLOW_PRIVATE_WEBHOOKS: {
    schema: z
      .enum(['0', '1'])
      .default('0')
      .transform((flag) => flag === '1'),
    allowed: '0 or 1',
  },
  CHROMIUM_PATH: { schema: z.string().optional(), allowed: 'the path of a Chromium to test with' },
} satisfies Record<string, Variable>

type Variables = typeof variables
type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<S>
type Settings = { [Name in keyof Variables as CamelCase<Name & string>]: z.output<Variables[Name]['schema']> }

/** The environment as given: `databaseUrl` and `deskSecret` are missing until the ground is prepared. */
export type GivenEnv = Omit<Settings, 'deskUrl'> & { deskUrl: string }
export type Env = GivenEnv & { databaseUrl: string; deskSecret: string }

/** A value that cannot be used; its message is one sentence for whoever starts the program. */
export class EnvError extends Error {
  override name = 'EnvError'
}

/** Reads and checks every variable. An empty value counts as unset. Throws `EnvError` for the first bad one. */
export function readEnv(source: Record<string, string | undefined> = process.env): GivenEnv {
  const settings: Record<string, unknown> = {}
  for (const [name, variable] of Object.entries<Variable>(variables)) {
    const given = source[name] || undefined
    const parsed = variable.schema.safeParse(given)
    if (!parsed.success) {
      const shown = variable.secret ? describeSecret(given ?? '') : JSON.stringify(given)
      throw new EnvError(`${name} is ${shown}; allowed is ${variable.allowed}.`)
    }
    settings[camelCase(name)] = parsed.data
  }
  const env = settings as Settings
  if (!env.deskAdminEmail !== !env.deskAdminPassword) {
    const [given, missing] = env.deskAdminEmail
      ? ['DESK_ADMIN_EMAIL', 'DESK_ADMIN_PASSWORD']
      : ['DESK_ADMIN_PASSWORD', 'DESK_ADMIN_EMAIL']
    throw new EnvError(`${missing} is unset while ${given} is given; allowed is both of them or neither.`)
  }
  const host = env.host.includes(':') ? `[${env.host}]` : env.host
  return { ...env, deskUrl: env.deskUrl ?? `http://${host}:${env.port}` }
}

/** What came, without what must stay secret. */
function describeSecret(text: string): string {
  const protocol = /^[a-z][a-z\d+.-]*:(?=\/\/)/i.exec(text)?.[0]
  return protocol ? `a ${protocol}// URL (the rest is not shown)` : `a text of length ${text.length} (not shown)`
}

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}

let known: Env | undefined

/** The checked environment, read once per process. The start provides the database and the secret before anyone asks. */
export function env(): Env {
  if (known) return known
  const given = readEnv()
  const { databaseUrl, deskSecret } = given
  if (!databaseUrl || !deskSecret) throw new EnvError('The database and the secret are not prepared yet.')
  known = { ...given, databaseUrl, deskSecret }
  return known
}

/**
 * Completes the environment with what the start found or made. It goes through process.env because the server and
 * the application behind it are bundled apart and share nothing else; next-auth reads its two variables there as well.
 */
export function provideEnv(values: { databaseUrl: string; deskSecret: string }): Env {
  process.env.DATABASE_URL = values.databaseUrl
  process.env.DESK_SECRET = values.deskSecret
  known = undefined
  const provided = env()
  process.env.NEXTAUTH_URL = provided.deskUrl
  process.env.NEXTAUTH_SECRET = Buffer.from(hkdfSync('sha256', values.deskSecret, '', 'session', 32)).toString('hex')
  return provided
}
