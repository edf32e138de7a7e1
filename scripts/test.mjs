// `npm test [-- name …]`: prepares as the start does, then runs every check (or the named ones) and counts what passed.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { prepare } from './prepare.mjs'

const root = path.join(import.meta.dirname, '..')
const reports = path.join(root, '.build', 'reports')
const bin = (name) => path.join(root, 'node_modules', '.bin', name)
// Next and dependency-cruiser read types with TypeScript 5's interface, which 7 has not; 7 checks them in a third of the time.
const tsc = [process.execPath, path.join(root, 'node_modules', 'typescript-7', 'bin', 'tsc'), '--noEmit']
const code = [
  'app',
  'components',
  'lib',
  'sandbox',
  'scripts',
  'e2e',
  'bench',
  'server.ts',
  'instrumentation.ts',
  'proxy.ts',
]

/** Short checks: one result each, their output shown when they fail. */
const checks = {
  'format and lint': [bin('biome'), 'check', '--error-on-warnings', '.'],
  types: tsc,
  boundaries: [bin('depcruise'), '--config', '.dependency-cruiser.mjs', ...code.filter(isHere)],
  'dead code': [bin('knip'), '--no-progress'],
}

const vitest = (report, ...more) => [
  bin('vitest'),
  ...['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`, ...more],
]

/** Runners: they count for themselves and write a report. */
const runners = {
  'unit and database': { command: (report) => vitest(report), count: countVitest },
  endurance: {
    command: (report) => vitest(report, '--config', 'vitest.endurance.config.ts'),
    count: countVitest,
  },
  browser: {
    command: () => [bin('playwright'), 'test', '--reporter=dot,json'],
    count: countPlaywright,
  },
}

let passed = 0
let failed = 0

await main()

async function main() {
  process.chdir(root)
  mkdirSync(reports, { recursive: true })
  await prepare(['test packages', 'client', 'build'])
  const wanted = process.argv.slice(2)
  const isWanted = (name) => wanted.length === 0 || wanted.includes(name)

  const font = isWanted('browser') ? addChineseFont() : undefined
  const waiting = Object.keys(checks).filter(isWanted)
  // Two at a time; each of them takes the next that waits.
  const checkInTurn = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) await runCheck(name)
  }
  await Promise.all([checkInTurn(), checkInTurn()])
  for (const name of Object.keys(runners).filter(isWanted)) {
    if (name === 'browser') await font
    await runRunner(name, runners[name])
  }

  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
  console.log(`${passed} passed, ${failed} failed`)
}

function isHere(file) {
  return existsSync(path.join(root, file))
}

async function runCheck(name) {
  const startedAt = Date.now()
  const { status, output } = await run(checks[name])
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  if (status === 0) passed += 1
  else failed += 1
  console.log(status === 0 ? `ok      ${name} (${seconds} s)` : `\nFAILED  ${name} (${seconds} s)\n${output}`)
}

async function runRunner(name, { command, count }) {
  const report = path.join(reports, `${name.replaceAll(' ', '-')}.json`)
  rmSync(report, { force: true })
  console.log(`        ${name}`)
  const startedAt = Date.now()
  const { status } = await run(command(report), { output: 'inherit', more: { PLAYWRIGHT_JSON_OUTPUT_NAME: report } })
  const counted = existsSync(report) ? count(JSON.parse(readFileSync(report, 'utf8'))) : { passed: 0, failed: 0 }
  // A runner that ends badly without naming a test has failed all the same; so has one that found nothing to run.
  if (counted.failed === 0 && (status !== 0 || counted.passed === 0)) counted.failed = 1
  passed += counted.passed
  failed += counted.failed
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  const word = counted.failed === 0 ? 'ok    ' : 'FAILED'
  console.log(`\n${word}  ${name}: ${counted.passed} passed, ${counted.failed} failed (${seconds} s)`)
}

function countVitest(report) {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  )
  return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles.length }
}

function countPlaywright({ stats, errors }) {
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky + errors.length }
}

function run([file, ...args], { output = 'pipe', more = {}, timeout } = {}) {
  const env = {
    ...process.env,
    NEXT_TELEMETRY_DISABLED: '1',
    CHECKPOINT_DISABLE: '1',
    NO_COLOR: '1',
    DEBIAN_FRONTEND: 'noninteractive',
    ...more,
  }
  const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', output, output], timeout })
  const chunks = []
  child.stdout?.on('data', (chunk) => chunks.push(chunk))
  child.stderr?.on('data', (chunk) => chunks.push(chunk))
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ status: 1, output: error.message }))
    child.once('close', (status) => resolve({ status, output: Buffer.concat(chunks).toString() }))
  })
}

// Without one, a browser draws Chinese as boxes: screenshots and measured widths would not be what people see.
async function addChineseFont() {
  const isRoot = process.getuid?.() === 0
  const { status, output } = await run(['fc-list', ':lang=zh'])
  if (!isRoot || (status === 0 && output.trim())) return
  const aptGet = (...args) => run(['apt-get', ...args], { output: 'ignore', timeout: 120_000 })
  const install = () => aptGet('install', '-y', '--no-install-recommends', 'fonts-noto-cjk')
  if ((await install()).status === 0) return
  await aptGet('update')
  await install()
}
