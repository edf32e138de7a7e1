import { parseArgs } from 'node:util'
import { startSandbox } from './server'
import { SHOP } from './shop'
import { startWebhookSeller } from './webhook-seller'

const HELP = `The stand-in marketplace and the stand-in seller, until Ctrl-C:
  node scripts/run.mjs sandbox/main.ts [options]
    --port N             order query (4100), configured as MARKETPLACE_URL
    --fallback-port N    the same on the fallback host (4101)
    --seller-port N      delivery webhooks (4102)
    --access-key-id ID   account that may query orders (${SHOP.account.accessKeyId})
    --secret SECRET      its secret (${SHOP.account.secret})
    --base-key KEY       key of the base interface, with which usage is signed (${SHOP.baseKey})
    --webhook-secret S   whsec_… of the delivery webhooks (${SHOP.webhookSecret})
    --desk-url URL       where a delivery answered with 202 is finished, together with
    --api-token TOKEN    an API token of that desk
POST JSON to /sandbox/control for orders, faults and settings; to /mode of the seller for how it answers.`

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4100' },
    'fallback-port': { type: 'string', default: '4101' },
    'seller-port': { type: 'string', default: '4102' },
    'access-key-id': { type: 'string', default: SHOP.account.accessKeyId },
    secret: { type: 'string', default: SHOP.account.secret },
    'base-key': { type: 'string', default: SHOP.baseKey },
    'webhook-secret': { type: 'string', default: SHOP.webhookSecret },
    'desk-url': { type: 'string' },
    'api-token': { type: 'string', default: SHOP.apiToken },
    help: { type: 'boolean' },
  },
})

if (values.help) {
  console.log(HELP)
} else {
  const sandbox = await startSandbox({
    port: Number(values.port),
    fallbackPort: Number(values['fallback-port']),
    accounts: [{ accessKeyId: values['access-key-id'], secret: values.secret }],
    usageKeys: [values['base-key']],
  })
  const deskUrl = values['desk-url']
  const seller = await startWebhookSeller({
    port: Number(values['seller-port']),
    secret: values['webhook-secret'],
    ...(deskUrl && { desk: { url: deskUrl, apiToken: values['api-token'] } }),
  })
  const stop = async () => {
    await Promise.all([sandbox.stop(), seller.stop()])
    process.exit(0)
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  console.log(JSON.stringify({ url: sandbox.url, fallbackUrl: sandbox.fallbackUrl, sellerUrl: seller.url }))
}
