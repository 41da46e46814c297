// The load, in a process of its own: every request is signed and laid out as bytes before the clock starts, then sent over keep-alive sockets,
// one at a time on each. A load generator that signs while it measures is slower than the servers, and flatters them.
import { createHash, createHmac } from 'node:crypto'
import { connect } from 'node:net'

const { port, kind, amount, prefix = '/cpg', connections = 64, offset = 0 } = JSON.parse(process.argv[2])

const SHAPES = {
  allocation: (n) => cpg({ currency: 'USDT', network: 'ETH', user_identifier: `user_${n}` }),
  // A fresh extra field makes each signature a different one; the allocation that is replayed is the same.
  replay: (n) => cpg({ currency: 'USDT', network: 'ETH', idempotency_key: 'bench', note: n }),
  withdrawal: (n) =>
    cpg(
      { currency: 'USDT', network: 'ETH', to_address: PAYEE, amount: '10', client_reference: `pay_${n}` },
      '/v1/withdrawals',
    ),
  // The field that nobody reads makes each signature a different one.
  balance: (n) => signed('GET', '/v1/balances', `currency=USDT&n=${n}`, ''),
  // Money by hand, through the control API: a movement each.
  gift: () =>
    request('POST', '/_sandgate/balances', '{"provider":"cpg","currency":"USDT","network":"ETH","amount":"100"}', {}),
  take: (n) => {
    const body = JSON.stringify({ currency: 'BTC', foreign_id: `user_${n}`, end_user_reference: 'bench' })
    const signature = createHmac('sha512', 'alphapo_demo_secret').update(body).digest('hex')
    return request('POST', '/alphapo/api/v2/addresses/take', body, {
      'x-processing-key': 'alphapo_demo_key',
      'x-processing-signature': signature,
    })
  },
}

const PAYEE = '0x00000000000000000000000000000000000000aa'

function cpg(fields, path = '/v1/deposit-addresses') {
  return signed('POST', path, '', JSON.stringify(fields))
}

function signed(method, path, query, body) {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const canonical = [timestamp, method, path, query, createHash('sha256').update(body).digest('hex')].join('\n')
  const signature = createHmac('sha256', 'cpg_demo_secret').update(canonical).digest('hex')
  return request(method, `${prefix}${path}${query && `?${query}`}`, body, {
    'x-cpg-key': 'cpg_demo_key',
    'x-cpg-timestamp': timestamp,
    'x-cpg-signature': signature,
  })
}

function request(method, path, body, headers) {
  const lines = Object.entries({
    host: '127.0.0.1',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  )
}

const queue = Array.from({ length: amount }, (_, index) => SHAPES[kind](offset + index))
const latencies = []
let refused = 0
let sent = 0

function worker() {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let started = 0n
    let pending = ''
    const next = () => {
      if (sent >= queue.length) return socket.end(resolve)
      started = process.hrtime.bigint()
      socket.write(queue[sent++])
    }
    socket.setNoDelay(true)
    socket.on('connect', next)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1')
      const head = pending.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/content-length: (\d+)/i.exec(pending)?.[1])
      if (pending.length < head + 4 + length) return
      if (!/^HTTP\/1.1 2/.test(pending)) {
        if (refused++ === 0) console.error(pending)
      }
      pending = ''
      latencies.push(Number(process.hrtime.bigint() - started) / 1e6)
      next()
    })
  })
}

const begin = process.hrtime.bigint()
await Promise.all(Array.from({ length: connections }, worker))
const seconds = Number(process.hrtime.bigint() - begin) / 1e9
latencies.sort((a, b) => a - b)
console.log(JSON.stringify({ rate: amount / seconds, p99: latencies[Math.floor(latencies.length * 0.99)], refused }))
