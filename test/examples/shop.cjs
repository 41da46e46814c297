// A partner's own code, as the examples test it: asks CPG for a deposit address, and asks again when the answer gets lost.
const { createHash, createHmac } = require('node:crypto')

const KEY = 'cpg_demo_key'
const SECRET = 'cpg_demo_secret'

async function depositAddress(baseUrl, user) {
  const path = '/v1/deposit-addresses'
  const body = JSON.stringify({ currency: 'USDT', network: 'ETH', user_identifier: user, idempotency_key: `address-of-${user}` })
  for (let attempt = 1; ; attempt++) {
    // CPG takes each signature once: asking again within the same second needs another timestamp.
    const timestamp = String(Math.floor(Date.now() / 1000) + attempt - 1)
    const text = [timestamp, 'POST', path, '', createHash('sha256').update(body).digest('hex')].join('\n')
    const signature = createHmac('sha256', SECRET).update(text).digest('hex')
    const headers = { 'content-type': 'application/json', 'x-cpg-key': KEY, 'x-cpg-timestamp': timestamp, 'x-cpg-signature': signature }
    const answer = await fetch(baseUrl + path, { method: 'POST', headers, body }).catch((error) => error)
    if (answer.ok) return (await answer.json()).data.address
    if (attempt === 3) throw new Error(`no address for ${user}`, { cause: answer })
  }
}

module.exports = { depositAddress }
