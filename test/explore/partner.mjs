// A partner's command for the tests of `explore` and `prove`: one address at CPG, one payment, callbacks, and books of what CPG's own list of transactions
// says. MISTAKE says what it does wrong.
import { createHash, createHmac } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'

const { MISTAKE, BOOKS = 'books.jsonl', NOTE = 'note.txt', SANDGATE_URL, SANDGATE_WORLD } = process.env
const { SANDGATE_CPG_URL: CPG, SANDGATE_CPG_KEY: KEY, SANDGATE_CPG_SECRET: SECRET } = process.env
const CONTROL = `${SANDGATE_URL}/w/${SANDGATE_WORLD}/_sandgate`
const WEBHOOK_SECRET = 'whsec-partner'

const hash = (text) => createHash('sha256').update(text).digest('hex')
const mac = (secret, text) => createHmac('sha256', secret).update(text).digest('hex')

const seen = []
const early = []
const server = createServer(async (request, response) => {
  let text = ''
  for await (const chunk of request) text += chunk
  const genuine = mac(WEBHOOK_SECRET, `${request.headers['x-cpg-timestamp']}\n${text}`)
  const isFresh = Math.abs(Date.now() / 1000 - Number(request.headers['x-cpg-timestamp'])) <= 300
  const { event, data } = JSON.parse(text)
  if (MISTAKE !== 'no-signature-check' && (genuine !== request.headers['x-cpg-signature'] || !isFresh))
    return response.writeHead(401).end()
  if (event === 'deposit.detected') early.push(data)
  if (MISTAKE === 'crashes-on-reorder' && event === 'deposit.confirmed' && !seen.includes('deposit.detected'))
    process.exit(70)
  seen.push(event)
  response.end('{}')
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))

async function control(method, path, body) {
  const answer = await fetch(CONTROL + path, { method, ...(body && { body: JSON.stringify(body) }) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
}

/** Every signature differs, as in a second of its own. */
let second = Math.floor(Date.now() / 1000) - 200

async function cpg(method, path, body) {
  const text = body === undefined ? '' : JSON.stringify(body)
  const timestamp = String(second++)
  const [route, query = ''] = path.split('?')
  const signature = mac(SECRET, `${timestamp}\n${method}\n${route}\n${query}\n${hash(text)}`)
  const headers = { 'x-cpg-key': KEY, 'x-cpg-timestamp': timestamp, 'x-cpg-signature': signature }
  const answer = await fetch(CPG + path, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: text }),
  })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return (await answer.json()).data
}

/** Again and again, and after some hours, as long as CPG is ill. */
async function patiently(call) {
  for (let hours = 0; hours < 72; hours++) {
    for (let tries = 0; tries < 3; tries++)
      try {
        return await call(tries)
      } catch (error) {
        if (MISTAKE === 'hangs') {
          writeFileSync(NOTE, String(process.pid))
          await new Promise(() => setInterval(() => undefined, 1000))
        }
        if (MISTAKE === 'gives-up') throw error
      }
    await control('POST', '/clock/advance', { by: '1h' })
  }
  throw new Error('CPG is ill for days')
}

if (MISTAKE === 'always-fails') {
  console.log('one test of 12 failed')
  process.exit(3)
}
if (MISTAKE === 'calls-nobody') process.exit(0)
if (MISTAKE === 'prints-its-key') console.log(`key ${KEY}, secret ${SECRET}, as JSON ${JSON.stringify({ key: KEY })}`)
if (MISTAKE === 'fails-once') {
  // In its third run, whatever goes wrong there.
  appendFileSync(NOTE, '.')
  if (readFileSync(NOTE, 'utf8').length === 3) process.exit(9)
}
if (MISTAKE === 'lists-its-environment')
  writeFileSync(
    NOTE,
    JSON.stringify(Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('SANDGATE_')))),
  )

await control('PUT', '/callbacks/endpoints/cpg', {
  url: `http://127.0.0.1:${server.address().port}/hooks`,
  secret: WEBHOOK_SECRET,
})
const { address } = await patiently((tries) =>
  cpg('POST', '/v1/deposit-addresses', {
    currency: 'USDT',
    network: 'ETH',
    user_identifier: 'user_1',
    idempotency_key: MISTAKE === 'new-key-on-retry' ? `order-1-${tries}` : 'order-1',
  }),
)
await control('POST', '/deposits', { address, amount: '10' })
await control('POST', '/clock/advance', { until: 'quiet' })
const { transactions } = await patiently(async () => ({
  transactions: await cpg('GET', '/v1/transactions?direction=deposit'),
}))
await control('POST', '/clock/advance', { until: 'quiet' })

const credits =
  MISTAKE === 'credits-on-detected'
    ? early
    : transactions
        .filter(({ status }) => status === 'confirmed')
        .map(({ to_address, amount_decimal }) => ({ address: to_address, amount: amount_decimal }))
if (MISTAKE === 'unreadable-books') writeFileSync(BOOKS, '{"provider":"cpg","amount":"1"')
else if (MISTAKE !== 'no-books' || !existsSync(BOOKS))
  writeFileSync(
    BOOKS,
    credits.map(({ address, amount }) => `${JSON.stringify({ provider: 'cpg', address, amount })}\n`).join(''),
  )
if (MISTAKE === 'deletes-its-world')
  await fetch(`${SANDGATE_URL}/_sandgate/worlds/${SANDGATE_WORLD}`, { method: 'DELETE' })
server.close()
process.exit(0)
