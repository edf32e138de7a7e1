#!/usr/bin/env node
// Runs a TypeScript program of the desk: `node scripts/run.mjs [--prepare|--build] <entry.ts> [arguments…]`. With --prepare it
// can reach a database, with --build it can start a desk, too.
import { existsSync, renameSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

export const root = path.join(import.meta.dirname, '..')

/**
 * Bundles `entry` (relative to the repository) into .build and imports it here; packages stay outside the bundle. Variables of
 * a .env file count where the environment does not name them.
 */
export async function run(entry, args = []) {
  if (existsSync(path.join(root, '.env'))) process.loadEnvFile(path.join(root, '.env'))
  const { build, stop } = await import('esbuild')
  const outfile = path.join(root, '.build', entry.replaceAll(path.sep, '-').replace(/\.ts$/, '.mjs'))
  const draft = `${outfile}.${process.pid}` // another process may be reading the file
  await build({
    entryPoints: [path.join(root, entry)],
    outfile: draft,
    absWorkingDir: root,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
  })
  renameSync(draft, outfile)
  stop()
  process.argv = [process.argv[0], path.join(root, entry), ...args]
  return import(pathToFileURL(outfile).href)
}

if (process.argv[1] && import.meta.filename === path.resolve(process.argv[1])) {
  const [first, ...rest] = process.argv.slice(2)
  const steps = { '--prepare': ['packages', 'client'], '--build': ['packages', 'client', 'build'] }[first]
  const [entry, ...args] = steps ? rest : [first, ...rest]
  if (steps) await (await import('./prepare.mjs')).prepare(steps)
  await run(entry, args)
}
