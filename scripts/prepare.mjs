// Makes a checkout runnable: packages, database client, build. Plain Node: it runs before anything is installed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = path.join(import.meta.dirname, '..')
const scratch = path.join(root, '.build')
const at = (...parts) => path.join(root, ...parts)

/** In this order; each is skipped when nothing it depends on has changed. */
const steps = {
  packages: {
    doing: 'Installing packages',
    isDone: () => hasPackages(false),
    // A checkout that has the tools of its tests keeps them.
    run: () => npm('packages', 'ci', `--${hasTestPackages() ? 'include' : 'omit'}=dev`, '--no-audit', '--no-fund'),
  },
  'test packages': {
    doing: 'Installing packages',
    isDone: () => hasPackages(true),
    // What is there already stays in place: a desk may be running from it.
    run: () => npm('packages', hasPackages(false) ? 'install' : 'ci', '--include=dev', '--no-audit', '--no-fund'),
  },
  client: {
    doing: 'Generating the database client',
    isDone: () => readStamp(clientStamp) === hashOf(clientSources),
    run: async () => {
      await node('client', at('node_modules/prisma/build/index.js'), 'generate')
      writeFileSync(clientStamp, hashOf(clientSources))
    },
  },
  build: {
    doing: 'Building the desk',
    isDone: () => readStamp(buildStamp) === hashOf(buildSources),
    run: async () => {
      const hash = hashOf(buildSources)
      rmSync(buildStamp, { force: true })
      await node('build', at('node_modules/next/dist/bin/next'), 'build')
      writeFileSync(buildStamp, hash)
    },
  },
}

const clientStamp = at('lib/generated/prisma/stamp')
const clientSources = ['prisma/schema', 'package-lock.json']
const buildStamp = at('.next/desk-build')
const buildSources = [
  ...['app', 'components', 'lib', 'messages', 'prisma/schema', 'public'],
  ...['instrumentation.ts', 'proxy.ts', 'next.config.mjs', 'postcss.config.mjs'],
  ...['tsconfig.json', 'package-lock.json'],
]

/** Does the named steps that are not done yet. A failed one ends the process with a sentence and its last lines. */
export async function prepare(names = ['packages', 'client', 'build']) {
  const isDone = (name) => steps[name].isDone()
  if (names.every(isDone)) return
  const unlock = await lock()
  try {
    for (const name of names) {
      if (isDone(name)) continue
      process.stderr.write(`${steps[name].doing} …\n`)
      await steps[name].run()
    }
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
    unlock()
    process.exit()
  }
  unlock()
}

const hasTestPackages = () => existsSync(at('node_modules/vitest'))

// npm notes what it installed; optional packages are those of other platforms.
function hasPackages(forTests) {
  const installed = at('node_modules/.package-lock.json')
  if (!existsSync(installed)) return false
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages
  const wanted = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages
  return Object.entries(wanted).every(([name, { version, optional, dev, devOptional }]) => {
    if (name === '' || optional || devOptional || (dev && !forTests)) return true
    return present[name]?.version === version
  })
}

function readStamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function hashOf(sources) {
  const hash = createHash('sha256').update(process.version)
  for (const file of sources.flatMap(filesBelow)) hash.update(`\0${file}\0`).update(readFileSync(at(file)))
  return hash.digest('hex')
}

function filesBelow(source) {
  if (!existsSync(at(source))) return []
  if (path.extname(source)) return [source]
  const isSource = ({ parentPath, name }) =>
    !`${parentPath}/${name}`.includes('/lib/generated/') && !/\.test\.tsx?$/.test(name)
  return readdirSync(at(source), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isSource(entry))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort()
}

// Two starts at once must not build into each other; the lock of a process that is gone does not count.
async function lock() {
  const file = path.join(scratch, 'prepare.lock')
  mkdirSync(scratch, { recursive: true })
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      const unlock = () => rmSync(file, { force: true })
      process.once('exit', unlock)
      return unlock
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = Number(readStamp(file))
    if (holder && !isAlive(holder)) rmSync(file, { force: true })
    await sleep(200)
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function npm(step, ...args) {
  const cli = process.env.npm_execpath
  return cli?.endsWith('.js') ? node(step, cli, ...args) : runStep(step, 'npm', args)
}

function node(step, ...args) {
  return runStep(step, process.execPath, args)
}

async function runStep(step, file, args) {
  const logFile = path.join(scratch, `${step}.log`)
  const output = openSync(logFile, 'w')
  const env = {
    ...process.env,
    NODE_ENV: step === 'packages' ? 'development' : 'production',
    NEXT_TELEMETRY_DISABLED: '1',
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  }
  const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', output, output] })
  const stopWithUs = (signal) => child.kill(signal)
  process.on('SIGINT', stopWithUs).on('SIGTERM', stopWithUs)
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (status, signal) => resolve(status ?? signal))
  })
  process.off('SIGINT', stopWithUs).off('SIGTERM', stopWithUs)
  if (code === 0) return
  const lines = readFileSync(logFile, 'utf8').trim().split('\n').slice(-30)
  const shown = path.relative(process.cwd(), logFile)
  throw new Error(`${lines.join('\n')}\n\nThe step "${step}" failed (${code}); its whole output is in ${shown}.`)
}
