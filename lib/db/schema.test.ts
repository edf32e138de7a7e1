import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { testDatabase } from './testing'

test('the migrations make exactly what prisma/schema describes', async () => {
  const database = await testDatabase()
  try {
    const diff = ['migrate', 'diff', '--from-config-datasource', '--to-schema', 'prisma/schema', '--script']
    const { status, stdout, stderr } = spawnSync('node_modules/.bin/prisma', diff, {
      encoding: 'utf8',
      env: { ...process.env, DATABASE_URL: database.url, CHECKPOINT_DISABLE: '1' },
    })
    expect(stderr).not.toMatch(/Error/)
    expect(status).toBe(0)
    expect(stdout.trim()).toBe('-- This is an empty migration.')
  } finally {
    await database.drop()
  }
})
