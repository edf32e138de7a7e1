import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { startSandbox } from '@/sandbox/server'
import { SHOP, shopSetup } from '@/sandbox/shop'
import { startWebhookSeller } from '@/sandbox/webhook-seller'
import { deskUrl, ports } from './world'

// The desk on an empty data directory, set up as the invented shop, with its marketplace and seller beside it.
const sandbox = await startSandbox({
  port: ports.marketplace,
  fallbackPort: ports.fallback,
  accounts: [SHOP.account],
  usageKeys: [SHOP.baseKey],
})
const seller = await startWebhookSeller({
  port: ports.seller,
  secret: SHOP.webhookSecret,
  desk: { url: deskUrl, apiToken: SHOP.apiToken },
})

const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-e2e-'))
const env = {
  ...process.env,
  PORT: String(ports.desk),
  HOST: '127.0.0.1',
  DESK_URL: deskUrl,
  DESK_DATA_DIR: dataDir,
  DATABASE_URL: '',
  MARKETPLACE_URL: sandbox.url,
  MARKETPLACE_FALLBACK_URL: sandbox.fallbackUrl,
  DESK_ALLOW_PRIVATE_WEBHOOKS: '1',
  // Whoever wants to see mails listens there.
  SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
  MAIL_FROM: 'Seller Desk <desk@shop.example.com>',
  LOG_LEVEL: 'warn',
}

const setup = spawnSync(process.execPath, ['scripts/desk.mjs', 'setup', 'apply', '-'], {
  env,
  input: JSON.stringify(shopSetup(seller.url)),
  stdio: ['pipe', 'ignore', 'inherit'],
})
if (setup.status !== 0) process.exit(1)

const desk = spawn(process.execPath, ['scripts/start.mjs'], { env, stdio: ['ignore', 'inherit', 'inherit'] })
const ended = once(desk, 'exit')
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
await ended
await stop()

async function stop() {
  desk.kill('SIGTERM')
  await ended
  await Promise.all([sandbox.stop(), seller.stop()])
  fs.rmSync(dataDir, { recursive: true, force: true })
  process.exit(0)
}
