// The servers that Sandgate is measured against, each in a process of its own: `node peers.mjs bare|express`. Prints its URL when ready.
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
    return listening((req, res) => {
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
    return listening(app)
  },
}

function listening(handler) {
  const server = createServer(handler)
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)),
  )
}

console.log(`listening on ${await PEERS[process.argv[2]]()}`)
