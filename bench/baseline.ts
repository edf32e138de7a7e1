import { createHmac, timingSafeEqual } from 'node:crypto'
import http from 'node:http'
import pg from 'pg'

// What anybody would write first: one HMAC over what came, one row, an answer. Everything the desk does is measured by it.
const [port = '', databaseUrl = '', key = ''] = process.argv.slice(2)

const pool = new pg.Pool({ connectionString: databaseUrl, max: 8 })
await pool.query(
  'CREATE TABLE IF NOT EXISTS received (nonce text PRIMARY KEY, at timestamptz DEFAULT now(), body text)',
)
const insert = { name: 'insert', text: 'INSERT INTO received (nonce, body) VALUES ($1, $2)' }
const type = { 'Content-Type': 'application/json;charset=UTF-8' }

async function answer(target: string, body: string): Promise<string> {
  const search = new URLSearchParams(target.slice(target.indexOf('?') + 1))
  const given = Buffer.from(search.get('signature') ?? '', 'hex')
  const nonce = search.get('nonce') ?? ''
  const computed = createHmac('sha256', key)
    .update(`${nonce}${search.get('timestamp')}${body}`)
    .digest()
  if (given.length === computed.length) timingSafeEqual(given, computed)
  await pool.query({ ...insert, values: [nonce, body] })
  return JSON.stringify({ resultCode: '000000', resultMsg: 'success.', instanceId: nonce })
}

const server = http.createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', async () => {
    const text = await answer(request.url ?? '', Buffer.concat(chunks).toString('utf8'))
    response.writeHead(200, { ...type, 'Content-Length': Buffer.byteLength(text) }).end(text)
  })
})
server.listen(Number(port), '127.0.0.1', () => process.send?.('ready'))
