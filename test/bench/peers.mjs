// The servers that Sandgate is measured against, each in a process of its own: `node peers.mjs bare|express|prism`. Prints its URL when ready.
import { createServer } from 'node:http'

const ANSWER = JSON.stringify({
  success: true,
  message: 'OK',
  data: {
    request_id: 42,
    address: '0xfa4E0000000000000000000000000000000000aa',
    network: 'ETH',
    currency: 'USDT',
    contract_address: '0xdAC17F958D2ee523a2206206994597C13D831ec7',
    user_identifier: 'user_8721',
    display_expires_at: '2026-05-16T22:00:00+00:00',
    created_at: '2026-05-16T19:00:00+00:00',
  },
})

const PEERS = {
  /** Node alone: reads the body, answers the same bytes. */
  bare: async () => {
    const bytes = Buffer.from(ANSWER)
    return createServer((req, res) => {
      const chunks = []
      req.on('data', (chunk) => chunks.push(chunk))
      req.on('end', () => {
        JSON.parse(Buffer.concat(chunks).toString() || '{}')
        res.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length })
        res.end(bytes)
      })
    })
  },
  /** Express as one writes it. */
  express: async () => {
    const { default: express } = await import('express')
    const app = express()
    app.use(express.json())
    app.post(/.*/, (_req, res) => {
      res.json(JSON.parse(ANSWER))
    })
    return createServer(app)
  },
  /** What a Prism mock server does for each call, over the same contract. */
  prism: async () => {
    const { createInstance, getHttpOperationsFromSpec } = await import('@stoplight/prism-http')
    const { createLogger } = await import('@stoplight/prism-core')
    const operations = await getHttpOperationsFromSpec(new URL('../../specs/cpg.yaml', import.meta.url).pathname)
    const config = { isProxy: false, checkSecurity: false, validateRequest: true, validateResponse: true, errors: false, upstreamProxy: undefined, mock: { dynamic: false } }
    const prism = createInstance(config, { logger: createLogger('bench', { level: 'silent' }) })
    return createServer((req, res) => {
      const chunks = []
      req.on('data', (chunk) => chunks.push(chunk))
      req.on('end', async () => {
        const body = JSON.parse(Buffer.concat(chunks).toString() || '{}')
        const element = { method: req.method.toLowerCase(), url: { path: req.url.replace(/^\/cpg/, ''), query: {} }, headers: req.headers, body }
        const outcome = await prism.request(element, operations)()
        if (outcome._tag === 'Left') {
          res.writeHead(outcome.left.status ?? 500, { 'content-type': 'application/problem+json' })
          return res.end(JSON.stringify(outcome.left))
        }
        const { output } = outcome.right
        res.writeHead(output.statusCode, { 'content-type': 'application/json' })
        res.end(JSON.stringify(output.body))
      })
    })
  },
}

const server = await PEERS[process.argv[2]]()
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`))
