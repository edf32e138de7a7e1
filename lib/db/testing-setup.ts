import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { startEmbedded } from './embedded'

/** Lends every test file one data directory; the server in it starts only when a file asks for a database. */
export default function setup(project: TestProject) {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-test-'))
  project.provide('testDataDir', dataDir)

  return async () => {
    if (fs.existsSync(path.join(dataDir, 'postgres', 'postmaster.pid'))) await (await startEmbedded({ dataDir })).stop()
    fs.rmSync(dataDir, { recursive: true, force: true })
  }
}
