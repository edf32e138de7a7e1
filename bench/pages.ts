import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type Browser, type BrowserContext, chromium, request } from '@playwright/test'
import config from '@/playwright.config'

// What a page costs a browser: script over the wire, when its largest part stands, how long it takes to answer a key or
// a click with 200 rows on screen, and what Lighthouse (fetched when asked for: `--lighthouse`) says of it, signed in, as a
// desktop. Against a desk that runs, such as `npm run demo`.
const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:3000' },
    email: { type: 'string', default: 'admin@shop.example.com' },
    password: { type: 'string', default: 'sandbox-demo-2026' },
    rounds: { type: 'string', default: '3' },
    lighthouse: { type: 'boolean', default: false },
  },
})
const pages = ['/', '/calls', '/calls?view=calls', '/instances', '/settings/alerts']
const rounds = Number(values.rounds)

type Measured = { page: string; scriptKb: number; scripts: number; lcpMs: number; inpMs: number }

const browser = await chromium.launch(config.use?.launchOptions)
const storageState = await signIn()
const results: Measured[] = []
for (const page of pages) {
  const measured: Measured[] = []
  for (let round = 0; round < rounds; round += 1) measured.push(await measure(browser, page))
  results.push(middle(measured))
}
await browser.close()
console.log(
  `${'page'.padEnd(24)}${['script kB', 'scripts', 'LCP ms', 'INP ms'].map((head) => head.padStart(11)).join('')}`,
)
for (const { page, scriptKb, scripts, lcpMs, inpMs } of results) {
  const cells = [scriptKb.toFixed(1), scripts, lcpMs.toFixed(0), inpMs.toFixed(0)]
  console.log(`${page.padEnd(24)}${cells.map((cell) => String(cell).padStart(11)).join('')}`)
}
if (values.lighthouse) {
  console.log(
    `\n${'page'.padEnd(24)}${['performance', 'accessibility', 'practices', 'LCP ms', 'TBT ms'].map((head) => head.padStart(15)).join('')}`,
  )
  for (const page of pages) {
    // As Lighthouse itself advises: of several reports the one in the middle.
    const reports = Array.from({ length: rounds }, () => lighthouse(page)).sort(([a = 0], [b = 0]) => a - b)
    const cells = reports[Math.floor(rounds / 2)] ?? []
    console.log(`${page.padEnd(24)}${cells.map((cell) => String(cell).padStart(15)).join('')}`)
  }
}

async function signIn() {
  const client = await request.newContext({ baseURL: values.url })
  const { csrfToken } = await (await client.get('/api/auth/csrf')).json()
  const form = { csrfToken, email: values.email, password: values.password, json: 'true' }
  const answer = await client.post('/api/auth/callback/credentials', { form })
  if (!answer.ok()) throw new Error(`sign-in as ${values.email}: ${answer.status()}`)
  const state = await client.storageState()
  await client.dispose()
  return state
}

async function measure(on: Browser, address: string): Promise<Measured> {
  const context = await on.newContext({ storageState, viewport: { width: 1440, height: 900 }, locale: 'zh-CN' })
  const scripts = await countScripts(context)
  const page = await context.newPage()
  await page.addInitScript(() => {
    const seen = { lcp: 0, inp: 0 }
    Object.assign(window, { seen })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.lcp = entry.startTime
    }).observe({ type: 'largest-contentful-paint', buffered: true })
    new PerformanceObserver((list) => {
      // Only what somebody did: a pointer that happens to stand over what is drawn is no interaction.
      for (const entry of list.getEntries() as (PerformanceEventTiming & { interactionId?: number })[])
        if (entry.interactionId) seen.inp = Math.max(seen.inp, entry.duration)
    }).observe({ type: 'event', buffered: true, durationThreshold: 16 } as PerformanceObserverInit)
  })
  // As many rows as a list ever shows.
  await page.route('**/api/v1/**', async (route) => {
    const url = new URL(route.request().url())
    if (url.searchParams.get('limit') === '50') url.searchParams.set('limit', '200')
    await route.continue({ url: url.href })
  })
  await page.goto(`${values.url}${address}`, { waitUntil: 'networkidle' })
  const lcpMs = await page.evaluate(() => (window as unknown as { seen: { lcp: number } }).seen.lcp)
  const { kilobytes: scriptKb, count } = scripts()
  for (const key of ['j', 'j', 'j', 'k', 'x', 'x']) await page.keyboard.press(key, { delay: 40 })
  await page.locator('main').click({ position: { x: 5, y: 5 } })
  await page.waitForTimeout(300)
  const inpMs = await page.evaluate(() => (window as unknown as { seen: { inp: number } }).seen.inp)
  await context.close()
  return { page: address, scriptKb, scripts: count, lcpMs, inpMs }
}

type Report = {
  categories: Record<string, { score: number | null }>
  audits: Record<string, { title: string; score: number | null; scoreDisplayMode: string; numericValue?: number }>
}

/** Scores of 100, and milliseconds; what keeps a category from 100 goes to standard error. */
function lighthouse(page: string): number[] {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-lighthouse-'))
  const file = (name: string) => path.join(dir, name)
  const cookie = storageState.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  fs.writeFileSync(file('headers.json'), JSON.stringify({ Cookie: cookie }), { mode: 0o600 })
  const options = [
    `${values.url}${page}`,
    ...['--quiet', '--preset=desktop', '--only-categories=performance,accessibility,best-practices'],
    ...['--output=json', `--output-path=${file('report.json')}`, `--extra-headers=${file('headers.json')}`],
    '--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage',
  ]
  const command = ['npm', 'exec', '--yes', '--package=lighthouse@13.5.0', '--', 'lighthouse', ...options]
  const browserPath = `CHROME_PATH=${config.use?.launchOptions?.executablePath}`
  const { status, stderr } = spawnSync('env', [browserPath, ...command], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`lighthouse on ${page}: ${stderr.slice(-2000)}`)
  const { categories, audits }: Report = JSON.parse(fs.readFileSync(file('report.json'), 'utf8'))
  fs.rmSync(dir, { recursive: true, force: true })
  for (const { title, score, scoreDisplayMode } of Object.values(audits))
    if (scoreDisplayMode === 'binary' && score === 0) console.error(`  ${page}: ${title}`)
  const scores = ['performance', 'accessibility', 'best-practices'].map((name) =>
    Math.round((categories[name]?.score ?? 0) * 100),
  )
  const times = ['largest-contentful-paint', 'total-blocking-time'].map((name) =>
    Math.round(audits[name]?.numericValue ?? 0),
  )
  return [...scores, ...times]
}

/** Every script as gzip would send it, whatever the server chose. */
async function countScripts(context: BrowserContext) {
  let bytes = 0
  let count = 0
  context.on('response', async (response) => {
    if (response.request().resourceType() !== 'script') return
    count += 1
    const body = await response.body().catch(() => Buffer.alloc(0))
    bytes += gzipSync(body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body, { level: 6 }).length
  })
  return () => ({ kilobytes: bytes / 1024, count })
}

function middle(measured: Measured[]): Measured {
  const of = (name: 'scriptKb' | 'scripts' | 'lcpMs' | 'inpMs') =>
    measured.map((one) => one[name]).sort((a, b) => a - b)[Math.floor(measured.length / 2)] ?? 0
  const { page } = measured[0] as Measured
  return { page, scriptKb: of('scriptKb'), scripts: of('scripts'), lcpMs: of('lcpMs'), inpMs: of('inpMs') }
}
