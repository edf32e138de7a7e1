#!/usr/bin/env node
// Runs a TypeScript program of the desk: `node scripts/run.mjs [--prepare|--build] <entry.ts> [arguments…]`. With --prepare it
// can reach a database, with --build it can start a desk, too.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

export const root = path.join(import.meta.dirname, '..')

/**
 * Imports `entry` (relative to the repository) here, from a bundle in .build that is made anew when a file of it has changed;
 * packages stay outside the bundle. Variables of a .env file count where the environment does not name them.
 */
export async function run(entry, args = []) {
  if (existsSync(path.join(root, '.env'))) process.loadEnvFile(path.join(root, '.env'))
  const outfile = path.join(root, '.build', entry.replaceAll(path.sep, '-').replace(/\.ts$/, '.mjs'))
  if (!isUpToDate(outfile)) await bundle(entry, outfile)
  process.argv = [process.argv[0], path.join(root, entry), ...args]
  return import(pathToFileURL(outfile).href)
}

// The last line of a bundle names what it was made of.
function isUpToDate(outfile) {
  if (!existsSync(outfile)) return false
  const text = readFileSync(outfile, 'utf8')
  const [, hash, files] = /^\/\/ made of (\w+) (\[.*\])$/.exec(text.slice(text.lastIndexOf('\n') + 1)) ?? []
  return hash !== undefined && hash === hashOf(JSON.parse(files))
}

async function bundle(entry, outfile) {
  const { build, stop } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    entryPoints: [path.join(root, entry)],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
  })
  stop()
  const files = Object.keys(metafile.inputs)
  const draft = `${outfile}.${process.pid}` // another process may be reading the file
  mkdirSync(path.dirname(outfile), { recursive: true })
  writeFileSync(draft, `${outputFiles[0].text}\n// made of ${hashOf(files)} ${JSON.stringify(files)}`)
  renameSync(draft, outfile)
}

/** Of the contents of `files`, relative to the repository, and of this file; null when one of them is gone. */
function hashOf(files) {
  const hash = createHash('sha1').update(readFileSync(import.meta.filename))
  for (const file of files) {
    if (!existsSync(path.join(root, file))) return null
    hash.update(readFileSync(path.join(root, file)))
  }
  return hash.digest('hex')
}

if (process.argv[1] && import.meta.filename === path.resolve(process.argv[1])) {
  const [first, ...rest] = process.argv.slice(2)
  const steps = { '--prepare': ['packages', 'client'], '--build': ['packages', 'client', 'build'] }[first]
  const [entry, ...args] = steps ? rest : [first, ...rest]
  if (steps) await (await import('./prepare.mjs')).prepare(steps)
  await run(entry, args)
}
