import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { MINUTE, SECOND, seeded } from './believable'
import { type Fired, insist, purchase } from './caller'
import type { WireOrder } from './orders'
import { startSandbox } from './server'
import { type LiveInstance, liveCall, SHOP, type ShopCall, shopHistory, shopSetup } from './shop'
import { licenseProducts, licenseStories } from './shop-licenses'
import { startWebhookSeller } from './webhook-seller'

const HELP = `The desk with a shop to look at, until Ctrl-C:
  npm run demo -- [options]
    --port N           the desk (3000); the sandbox takes 4100 to 4102
    --sandbox-port N   first of the sandbox's three ports
    --data-dir DIR     database and secrets of the demo (.data/demo)
    --purchases N      how many purchases the past year has (320), at the first start
    --quiet            no calls after the first ones`

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '3000' },
    'sandbox-port': { type: 'string', default: '4100' },
    'data-dir': { type: 'string', default: '.data/demo' },
    purchases: { type: 'string', default: '320' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** An hour of the marketplace's retries passes in a minute. */
const SPEED = 60
const START_PATIENCE = 5 * MINUTE

const root = path.resolve(import.meta.dirname, '..')
const dataDir = path.resolve(values['data-dir'])
const deskUrl = `http://127.0.0.1:${values.port}`
const target = `${deskUrl}/api/produce`
const shopFile = path.join(dataDir, 'shop.json')
const ordersFile = path.join(dataDir, 'orders.jsonl')
const stopping = new AbortController()

async function main(): Promise<void> {
  const port = Number(values['sandbox-port'])
  const seller = await startWebhookSeller({
    port: port + 2,
    secret: SHOP.webhookSecret,
    laterMs: 40 * SECOND,
    anyAge: true,
    desk: { url: deskUrl, apiToken: SHOP.apiToken },
    modeFor: (orderId) => (orderId === null ? undefined : history.sellerModes.get(orderId)),
  })
  const sandbox = await startSandbox({
    port,
    fallbackPort: port + 1,
    accounts: [SHOP.account],
    usageKeys: [SHOP.baseKey],
  })
  mkdirSync(dataDir, { recursive: true })

  const known = existsSync(shopFile) ? (JSON.parse(readFileSync(shopFile, 'utf8')) as Shop) : null
  const shop: Shop = known ?? { until: new Date().toISOString(), purchases: Number(values.purchases) }
  const history = shopHistory({ until: new Date(shop.until), purchases: shop.purchases, sellerUrl: seller.url })
  sandbox.control.registerOrders(history.calls.flatMap((call) => call.order ?? []))
  sandbox.control.registerOrders(rememberedOrders())
  const licenses = licenseStories(new Date(shop.until))
  sandbox.control.registerOrders(licenses.orders)

  // biome-ignore lint/style/noProcessEnv: the programs started here get this environment and a few variables more
  const inherited = process.env
  const environment = {
    ...inherited,
    PORT: values.port,
    HOST: '127.0.0.1',
    DESK_URL: deskUrl,
    DESK_DATA_DIR: dataDir,
    DATABASE_URL: '',
    MARKETPLACE_URL: sandbox.url,
    MARKETPLACE_FALLBACK_URL: sandbox.fallbackUrl,
    DESK_ALLOW_PRIVATE_WEBHOOKS: '1',
    LOG_LEVEL: 'error',
  }
  let desk: ChildProcess | null = null
  const stop = async () => {
    stopping.abort()
    if (desk) await end(desk)
    await Promise.all([sandbox.stop(), seller.stop()])
  }
  process.once('SIGINT', () => stop().then(() => process.exit(0)))
  process.once('SIGTERM', () => stop().then(() => process.exit(0)))

  try {
    await program(['scripts/desk.mjs', 'setup', 'apply', '-'], environment, JSON.stringify(wholeShop(seller.url)))
    if (!known) {
      console.log('The past year of the shop is being written; this takes a moment.')
      const at = ['--seller-url', seller.url, '--sandbox-url', sandbox.url]
      const size = ['--until', shop.until, '--purchases', String(shop.purchases)]
      await program(['scripts/run.mjs', 'prisma/seed.ts', ...size, ...at], environment)
      writeFileSync(shopFile, JSON.stringify(shop))
    }
    sandbox.control.licenses.register(licenses.control.licenses)
    for (const fault of licenses.control.licenseFaults) sandbox.control.licenses.addFault(fault)
    // In a process group of its own, so that Ctrl-C reaches it once, from here.
    desk = spawn(process.execPath, ['scripts/start.mjs'], {
      cwd: root,
      env: environment,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    await healthy(desk)
    welcome(sandbox.url, seller.url)
    const remember = (order: WireOrder) => {
      sandbox.control.registerOrders([order])
      appendFileSync(ordersFile, `${JSON.stringify(order)}\n`)
    }
    await trade(existsSync(ordersFile) ? 0 : 25, seller.url, remember)
  } catch (error) {
    if (stopping.signal.aborted) return
    await stop()
    throw error
  }
}

/** What makes the history of a data directory come out the same at every start. */
type Shop = { until: string; purchases: number }

/** The shop with its licences and joint-operation products. */
function wholeShop(sellerUrl: string) {
  const { credentials, products, ...shop } = shopSetup(sellerUrl)
  const more = [
    { name: 'License 接口密钥', kind: 'license', secret: SHOP.licenseKey },
    { name: '联营接口密钥', kind: 'kit', secret: SHOP.kitKey },
    { name: '联营凭证私钥', kind: 'kit-private-key', secret: kitPrivateKey() },
  ]
  return {
    ...shop,
    credentials: [...credentials, ...more],
    products: [...products, ...licenseProducts(sellerUrl, SHOP.webhookSecret)],
  }
}

/** The private half of the key pair the shop applied for its application credential with; made once. */
function kitPrivateKey(): string {
  const file = path.join(dataDir, 'kit-private-key.pem')
  if (existsSync(file)) return readFileSync(file, 'utf8')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  writeFileSync(file, pem, { mode: 0o600 })
  return pem
}

function rememberedOrders(): WireOrder[] {
  if (!existsSync(ordersFile)) return []
  const lines = readFileSync(ordersFile, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line) as WireOrder)
}

async function healthy(desk: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_PATIENCE
  while (Date.now() < deadline && desk.exitCode === null) {
    const answer = await fetch(`${deskUrl}/api/health`, { signal: stopping.signal }).catch(() => null)
    if (answer?.ok) return
    await sleep(300, undefined, { signal: stopping.signal })
  }
  throw new Error(desk.exitCode === null ? `${deskUrl}/api/health does not become ready` : 'the desk did not start')
}

/** Runs a program of the repository to its end. Rejects when it fails. */
async function program(args: string[], env: NodeJS.ProcessEnv, input = ''): Promise<void> {
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['pipe', 'inherit', 'inherit'] })
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`node ${args.slice(0, 4).join(' ')} ended with ${code}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

function welcome(sandboxUrl: string, sellerUrl: string): void {
  const accounts = SHOP.users.map((user) => `  ${user.email.padEnd(24)} ${SHOP.password}   ${user.role}`)
  console.log(
    [
      '',
      `The desk is at ${deskUrl}`,
      ...accounts,
      `  API token                ${SHOP.apiToken}`,
      `Stand-in marketplace at ${sandboxUrl} (POST /sandbox/control), the seller's software at ${sellerUrl} (POST /mode).`,
      'Ctrl-C ends everything.',
      '',
    ].join('\n'),
  )
}

async function liveInstances(): Promise<LiveInstance[]> {
  type Listed = { items: { instanceId: string; productId: string | null; expiresAt: string | null }[] }
  const response = await fetch(`${deskUrl}/api/v1/instances?state=active&test=false&limit=200`, {
    headers: { Authorization: `Bearer ${SHOP.apiToken}` },
    signal: stopping.signal,
  })
  const { items } = (await response.json()) as Listed
  return items.map((one) => ({ ...one, expiresAt: one.expiresAt ? new Date(one.expiresAt) : null }))
}

/** Calls now and then until the end: a burst of `first`, then a few a minute. */
async function trade(first: number, sellerUrl: string, remember: (order: WireOrder) => void): Promise<void> {
  const random = seeded(Date.now())
  for (let made = 0; !stopping.signal.aborted && !(values.quiet && made >= first); made++) {
    const instances = await liveInstances().catch(() => [])
    const call = liveCall(new Date(), instances, sellerUrl, random)
    if (call.order) remember(call.order)
    void place(call).then(report)
    const pause = made < first ? 200 : random.int(8, 24) * SECOND
    await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {})
  }
}

async function place(call: ShopCall): Promise<{ call: ShopCall; attempts: Fired[] }> {
  const { version, activity, fields, wrongKey } = call
  const key = wrongKey ? SHOP.retiredKey : SHOP.baseKey
  const spec = { target, version, activity, fields, key, encryptType: SHOP.encryptType } as const
  const pace = { speed: SPEED, signal: stopping.signal }
  if (activity === 'newInstance') return { call, attempts: (await purchase(spec, pace)).attempts }
  return { call, attempts: await insist(spec, pace) }
}

function report({ call, attempts }: { call: ShopCall; attempts: Fired[] }): void {
  const last = attempts.at(-1)
  if (!last) return
  const subject = String(call.fields.orderId ?? call.fields.instanceId ?? '')
  const time = new Date().toLocaleTimeString('sv-SE')
  const code = last.resultCode ?? last.error
  console.log(`${time}  ${call.activity.padEnd(20)} ${subject.padEnd(36)} ${code}  ×${attempts.length}`)
}

if (values.help) {
  console.log(HELP)
} else {
  await main().catch((error: Error) => {
    process.stderr.write(`The demo cannot go on: ${error.message}.\n`)
    process.exit(1)
  })
}
