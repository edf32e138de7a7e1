import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * A secret of 256 bits (base64url), made at the first call and kept under `dataDir`/secrets with mode 0600. Processes that
 * ask at the same time get the same one.
 */
export function keptSecret(dataDir: string, name: string): string {
  const directory = path.join(dataDir, 'secrets')
  const file = path.join(directory, name)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const known = read(file)
  if (known) return known
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true })
  try {
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  const kept = read(file)
  if (!kept) throw new Error(`${file} is empty; put the secret back or remove the file`)
  return kept
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
