import { existsSync, readFileSync } from 'node:fs'
import os from 'node:os'
import { text as readAll } from 'node:stream/consumers'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { recordAudit } from '@/lib/audit'
import { allAudit } from '@/lib/audit/queries'
import { getCall } from '@/lib/calls/detail'
import { maskQuery, maskText } from '@/lib/calls/mask'
import { catalog } from '@/lib/catalog'
import { restoreBackup, writeBackup } from '@/lib/db/backup'
import { prisma } from '@/lib/db/client'
import { idFloor } from '@/lib/db/ids'
import { env } from '@/lib/env'
import { DeskError } from '@/lib/errors'
import { prepareGround } from '@/lib/ground'
import { judgeAnswer, signedCall, signingKinds, type Version } from '@/lib/rehearsals'
import { applySetup } from '@/lib/setup'
import { createToken, createUser } from '@/lib/users'
import type { Context } from '@/lib/users/context'

const usage = `Usage: npm run desk -- <command>

  setup apply FILE                      bring the desk to what FILE says; - reads stdin
  user add --email MAIL --role ROLE     add a user; asks for the password, or --password-stdin
  token create --name NAME --role ROLE  make an API token and print it once
  call fire ACTIVITY [--version v1|v2] [--set KEY=VALUE]… [--to URL]
                                        sign and send one call as the marketplace would
  calls export [--from TIME] [--to TIME]
                                        calls as JSON lines, oldest first, secrets masked
  audit export                          the audit log as JSON lines, oldest first
  backup FILE                           write a backup (gzip); it opens under the same DESK_SECRET only
  restore FILE [--replace]              put a backup back into an empty desk, or in place of this one

ROLE is viewer, operator or admin. TIME is ISO 8601, UTC unless it says otherwise.
For clean output to a file use: npm run --silent desk -- calls export > calls.jsonl
`

/** A sentence for whoever typed the command; exit code 2. */
class UsageError extends Error {}
/** Whoever read our output has gone, as \`head\` does when it has enough. */
class ReaderGone extends Error {}

type Options = Record<string, string | boolean | string[] | undefined>
type Command = {
  /** what stands behind the words of the command, in its order */
  operands: string[]
  options: NonNullable<ParseArgsConfig['options']>
  /** before anything is started, so that a typing error costs nothing */
  check?(operands: string[], options: Options): void
  /** answers the exit code */
  run(ctx: Context, operands: string[], options: Options): Promise<number>
}

const commands: Record<string, Command> = {
  'setup apply': {
    operands: ['FILE'],
    options: {},
    check: ([file = '']) => requireFile(file),
    async run(ctx, [file = '']) {
      const outcome = await applySetup(
        readJson(file === '-' ? await readAll(process.stdin) : readFileSync(file, 'utf8')),
        ctx,
      )
      for (const [state, things] of Object.entries(outcome)) {
        for (const thing of things) await print(`${state}: ${thing}`)
      }
      const { created, changed, unchanged } = outcome
      await print(`${created.length} created, ${changed.length} changed, ${unchanged.length} unchanged`)
      return 0
    },
  },
  'user add': {
    operands: [],
    options: { email: { type: 'string' }, role: { type: 'string' }, 'password-stdin': { type: 'boolean' } },
    check: (_, options) => requireOptions(options, ['email', 'role']),
    async run(ctx, _, { email, role, 'password-stdin': fromStdin }) {
      const password = fromStdin
        ? (await readAll(process.stdin)).replace(/\r?\n[\s\S]*$/, '')
        : await askHidden(`Password for ${email}: `)
      const user = await createUser({ ctx, input: { email, role, password } })
      await print(`created: user ${user.email} (${user.role})`)
      return 0
    },
  },
  'token create': {
    operands: [],
    options: { name: { type: 'string' }, role: { type: 'string' } },
    check: (_, options) => requireOptions(options, ['name', 'role']),
    async run(ctx, _, { name, role }) {
      const made = await createToken({ ctx, input: { name, role } })
      process.stderr.write(`API token ${made.name} (${made.role}); it is not shown again:\n`)
      await print(made.token)
      return 0
    },
  },
  'call fire': {
    operands: ['ACTIVITY'],
    options: { version: { type: 'string' }, set: { type: 'string', multiple: true }, to: { type: 'string' } },
    check(_, { version, set, to }) {
      if (version !== undefined && version !== 'v1' && version !== 'v2') {
        throw new UsageError(`--version is ${version}; allowed are v1 and v2.`)
      }
      readPairs(set as string[] | undefined)
      if (to !== undefined && !/^https?:$/.test(URL.canParse(String(to)) ? new URL(String(to)).protocol : '')) {
        throw new UsageError(`--to is ${to}; allowed is an http:// or https:// URL.`)
      }
    },
    async run(_, [activity = ''], { version, set, to }) {
      return await fire({
        activity,
        version: version as Version | undefined,
        set: readPairs(set as string[] | undefined),
        to: (to as string | undefined) ?? `${env().deskUrl}/api/produce`,
      })
    },
  },
  'calls export': {
    operands: [],
    options: { from: { type: 'string' }, to: { type: 'string' } },
    check: (_, { from, to }) => void [readTime('from', from), readTime('to', to)],
    run: (ctx, _, { from, to }) => exportCalls(ctx, readTime('from', from), readTime('to', to)),
  },
  'audit export': {
    operands: [],
    options: {},
    async run() {
      for await (const entry of allAudit()) await print(JSON.stringify(entry))
      return 0
    },
  },
  backup: {
    operands: ['FILE'],
    options: {},
    async run(ctx, [file = '']) {
      const counts = await writeBackup(env().databaseUrl, file)
      await prisma().$transaction((tx) => recordAudit(tx, ctx, { action: 'desk.backup', subject: 'desk' }))
      await print(`${total(counts)} rows of ${Object.keys(counts).length} tables are in ${file}.`)
      return 0
    },
  },
  restore: {
    operands: ['FILE'],
    options: { replace: { type: 'boolean' } },
    check: ([file = '']) => requireFile(file),
    async run(ctx, [file = ''], { replace }) {
      const restored = { replace: replace === true, actor: ctx.actor.name }
      const counts = await restoreBackup(env().databaseUrl, file, restored)
      await print(`${total(counts)} rows of ${Object.keys(counts).length} tables are back from ${file}.`)
      return 0
    },
  },
}

async function main(args: string[]): Promise<number> {
  if (args.length === 0 || args.includes('--help') || args.includes('-h') || args[0] === 'help') {
    await print(usage.trimEnd())
    return args.length === 0 ? 2 : 0
  }
  const { command, operands, options } = readCommand(args)
  command.check?.(operands, options)
  const ground = await prepareGround()
  const leave = () => ground.leave().finally(() => process.exit(130))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  try {
    const ctx: Context = { actor: { name: `cli:${userName()}`, via: 'cli', role: 'admin' } }
    return await command.run(ctx, operands, options)
  } finally {
    await prisma().$disconnect()
    await ground.leave()
  }
}

function readCommand(args: string[]): { command: Command; operands: string[]; options: Options } {
  const name = [`${args[0]} ${args[1]}`, String(args[0])].find((words) => Object.hasOwn(commands, words))
  const command = name === undefined ? undefined : commands[name]
  if (name === undefined || !command) {
    const words = args.slice(0, 2).filter((word) => !word.startsWith('-'))
    throw new UsageError(`There is no command "${words.join(' ')}"; --help lists them.`)
  }
  const { values, positionals } = parseStrictly(args.slice(name.split(' ').length), command.options)
  const [missing] = command.operands.slice(positionals.length)
  if (missing) throw new UsageError(`${name} needs ${missing}; --help shows how.`)
  const extra = positionals[command.operands.length]
  if (extra !== undefined) throw new UsageError(`${name} does not take "${extra}"; --help shows how.`)
  return { command, operands: positionals, options: values as Options }
}

function parseStrictly(args: string[], options: Command['options']) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message.split(/\. |\n/)[0]?.replace(/\.$/, '')}; --help lists the options.`,
    )
  }
}

/** Members of V2 that are objects may be given as JSON. */
async function fire(order: { activity: string; version?: Version; set: Record<string, string>; to: string }) {
  const { active, defaultProduct, products } = await catalog()
  const kinds = signingKinds(order.activity)
  const [credential] = kinds.flatMap((kind) => active(kind))
  if (!credential)
    throw new DeskError('conflict', `There is no active ${kinds[0]} credential to sign with; add one first.`)
  const product = defaultProduct ?? products[0]
  const defaults = {
    instanceId: (await newestInstance(order.set.testFlag ?? '1')) ?? 'huaiweitest123456',
    productId: product?.productIds[0] ?? '00301-666666-0--0',
    skuCode: product?.skuCodes[0] ?? 'rehearsal-sku',
  }
  const call = signedCall({ ...order, defaults, key: credential.secret, now: new Date() })
  const { origin, pathname, search } = new URL(call.url)
  await print(`${call.method} ${origin}${pathname}?${maskQuery(search.slice(1))}`)
  if (call.body) await print(maskText(call.body))
  const begin = performance.now()
  const answer = await send(call)
  await print(`\nHTTP ${answer.status} in ${Math.round(performance.now() - begin)} ms, signed with ${credential.name}`)
  await print(maskText(answer.body))
  const { resultCode, bodySign, good } = judgeAnswer(call, answer, credential.secret)
  const absent = call.method === 'GET' ? 'missing' : 'none, V2 needs none'
  await print(`\nresultCode: ${resultCode ?? 'none'}`)
  await print(`Body-Sign: ${bodySign === null ? absent : bodySign ? 'verifies' : 'does not verify'}`)
  return good ? 0 : 1
}

async function newestInstance(testFlag: string): Promise<string | undefined> {
  const instance = await prisma().instance.findFirst({
    where: { test: testFlag === '1', state: { not: 'released' } },
    orderBy: { createdAt: 'desc' },
    select: { instanceId: true },
  })
  return instance?.instanceId
}

async function send({ method, url, headers, body }: ReturnType<typeof signedCall>) {
  try {
    const answer = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(25_000),
      ...(method === 'POST' && { body }),
    })
    return { status: answer.status, bodySign: answer.headers.get('body-sign'), body: await answer.text() }
  } catch (error) {
    const { name, cause } = error as { name: string; cause?: { code?: string; message?: string } }
    const reason = name === 'TimeoutError' ? 'no answer within 25 s' : (cause?.code ?? cause?.message ?? name)
    throw new DeskError('unavailable', `${new URL(url).origin} does not answer (${reason}); is the desk running there?`)
  }
}

async function exportCalls(ctx: Context, from: Date | undefined, to: Date | undefined): Promise<number> {
  const step = 500
  const until = to && { lt: idFloor(to.getTime()) }
  for (let where: { gt?: string; gte?: string } = from ? { gte: idFloor(from.getTime()) } : {}; ; ) {
    const rows = await prisma().call.findMany({
      where: { id: { ...where, ...until } },
      orderBy: { id: 'asc' },
      take: step,
      select: { id: true },
    })
    for (let at = 0; at < rows.length; at += 8) {
      const lines = await Promise.all(rows.slice(at, at + 8).map(({ id }) => callLine(ctx, id)))
      for (const line of lines) await print(line)
    }
    const last = rows.at(-1)
    if (!last || rows.length < step) return 0
    where = { gt: last.id }
  }
}

async function callLine(ctx: Context, id: string): Promise<string> {
  try {
    return JSON.stringify(await getCall({ ctx, id }))
  } catch (error) {
    if (error instanceof DeskError) return JSON.stringify({ id, error: error.message })
    throw error
  }
}

function readPairs(pairs: string[] = []): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new UsageError(`--set is ${pair}; allowed is KEY=VALUE.`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

function readTime(name: string, given: Options[string]): Date | undefined {
  if (given === undefined) return undefined
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/
  const text = String(given)
  const zoned = /T/.test(text) && !/(Z|[+-]\d\d:\d\d)$/.test(text) ? `${text}Z` : text
  const time = new Date(zoned)
  if (form.test(text) && !Number.isNaN(time.getTime())) return time
  throw new UsageError(`--${name} is ${text}; allowed is a time such as 2026-03-01 or 2026-03-01T08:00:00Z.`)
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    // The message of the parser may quote the file, secrets and all.
    const position = /position (\d+)/.exec((error as Error).message)?.[1]
    throw new DeskError('invalid', `The file is not JSON${position ? ` (at character ${position})` : ''}.`)
  }
}

function requireFile(file: string): void {
  if (file !== '-' && !existsSync(file)) throw new UsageError(`There is no file ${file}.`)
}

function requireOptions(options: Options, names: string[]): void {
  const missing = names.find((name) => !options[name])
  if (missing) throw new UsageError(`--${missing} is missing; --help shows how.`)
}

async function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process
  if (!stdin.isTTY) throw new DeskError('invalid', 'There is no terminal to ask at; use --password-stdin.')
  stderr.write(question)
  stdin.setRawMode(true).setEncoding('utf8').resume()
  let typed = ''
  try {
    for await (const chunk of stdin) {
      for (const key of String(chunk)) {
        if (key === '\r' || key === '\n') return typed
        if (key === '\u0003' || key === '\u0004') throw new DeskError('invalid', 'Nothing was added.')
        typed = key === '\u007f' || key === '\b' ? typed.slice(0, -1) : typed + key
      }
    }
    return typed
  } finally {
    stdin.setRawMode(false)
    stderr.write('\n')
  }
}

let readerGone = false
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  readerGone = true
})

/** One line on stdout; waits while the reader is slower than we are. */
async function print(line: string): Promise<void> {
  if (readerGone) throw new ReaderGone()
  if (process.stdout.write(`${line}\n`)) return
  await new Promise<void>((resolve) => {
    process.stdout
      .once('drain', resolve)
      .once('close', resolve)
      .once('error', () => resolve())
  })
}

function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, rows) => sum + rows, 0)
}

function userName(): string {
  try {
    return os.userInfo().username
  } catch {
    return 'unknown'
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ReaderGone) return 0
  process.stderr.write(`${(error as Error).message}\n`)
  return error instanceof UsageError ? 2 : 1
}

process.exitCode = await main(process.argv.slice(2)).catch(exitCodeOf)
