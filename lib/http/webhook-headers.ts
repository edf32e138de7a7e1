import { createHmac } from 'node:crypto'

/** The headers of one request by the rules of standardwebhooks.com. Repeats of the same event carry the same `id`. */
export function webhookHeaders(secret: string, id: string, body: string, now: Date): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000))
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  }
}

/** A secret is base64, after `whsec_` or bare; one that is not stands for its own bytes. */
function keyOf(secret: string): Buffer {
  const text = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret
  const key = Buffer.from(text, 'base64')
  const isBase64 = key.length > 0 && key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')
  return isBase64 ? key : Buffer.from(text, 'utf8')
}
