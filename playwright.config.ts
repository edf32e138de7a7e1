import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'
import { deskPort, deskUrl } from './e2e/support/world'

/** A browser of this machine, else one that comes as a package and needs neither root nor a download of its own. */
async function findBrowser(): Promise<string> {
  const places = [process.env.CHROMIUM_PATH, '/usr/bin/chromium-headless-shell', '/usr/bin/chromium']
  const found = places.find((place) => place && existsSync(place))
  if (found) return found
  const { default: chromium } = await import('@sparticuz/chromium')
  return chromium.executablePath()
}

const workers = 2

export default defineConfig({
  testDir: 'e2e',
  timeout: 60_000,
  expect: { timeout: 15_000 },
  workers,
  forbidOnly: true,
  outputDir: '.build/e2e',
  use: {
    baseURL: deskUrl,
    locale: 'en-US',
    timezoneId: 'Asia/Shanghai',
    // Movements are over at once; what a page looks like meanwhile is not what is tested.
    contextOptions: { reducedMotion: 'reduce' },
    // Not the arguments the package offers: all in one process, its browser dies with a context that is closed.
    launchOptions: { executablePath: await findBrowser(), args: ['--disable-dev-shm-usage'] },
  },
  webServer: Array.from({ length: workers }, (_, world) => ({
    command: 'node scripts/run.mjs e2e/support/serve.ts',
    url: `http://127.0.0.1:${deskPort(world)}/api/health`,
    env: { TEST_PARALLEL_INDEX: String(world) },
    timeout: 180_000,
    stdout: 'ignore',
    stderr: 'pipe',
    gracefulShutdown: { signal: 'SIGTERM', timeout: 15_000 },
  })),
})
