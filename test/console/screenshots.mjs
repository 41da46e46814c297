// `node test/console/screenshots.mjs FOLDER`: every view of the console over traffic of all four providers and in an empty world, light and dark, 1280
// and 800 wide, as PNGs to look at; and the picture of the README, docs/console.png. Run `npm run build` before.
import { execFile, spawn } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'

const [folder] = process.argv.slice(2)
if (!folder) {
  console.error('which folder shall the pictures go to? node test/console/screenshots.mjs FOLDER')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const PICTURE = fileURLToPath(new URL('../../docs/console.png', import.meta.url))
const PICTURE_BYTES = 200 * 1024
const VIEWS = [
  'timeline',
  'money',
  ...['deposits', 'withdrawals', 'balances', 'movements', 'actions'].map((show) => `money?show=${show}`),
  'callbacks',
  'callbacks?delivery=cb_1',
  'callbacks?show=endpoints',
  'scenario',
  'rules',
  'rules?show=situations',
  'reference',
  'worlds',
  'worlds?id=default',
  'checkpoints',
  'checkpoints?name=before-the-rush',
  'findings',
]
const PAYWARD = '/v1/accounts/WDEMO5GATE2MAIN77/funds/deposits/addresses'
const METHOD = 'b3a7d8b4-9f36-4c2e-9c1e-7b9e6f9a0a11'

/** Calls as an integrator makes them: provider, method, path, body, headers. */
const CALLS = [
  ['cpg', 'POST', '/v1/deposit-addresses', { user_identifier: 'user_8721', currency: 'USDT', network: 'ETH' }],
  ['zopay', 'POST', '/connect/v1/addresses', { asset: 'USDT', network: 'solana' }, 'Idempotency-Key: once'],
  [
    'alphapo',
    'POST',
    '/api/v2/addresses/take',
    { currency: 'BTC', foreign_id: 'user_8721', end_user_reference: 'user_8721' },
  ],
  ['payward', 'POST', PAYWARD, { method_id: METHOD, asset_symbol: 'BTC' }],
  ['cpg', 'POST', '/v1/deposit-addresses', { user_identifier: 'user_8721', currency: 'USDT', network: 'NOPE' }],
  ['cpg', 'GET', '/v1/nothing'],
  [
    'cpg',
    'POST',
    '/v1/withdrawals',
    { currency: 'USDT', network: 'ETH', to_address: `0x${'0'.repeat(38)}aa`, amount: '10' },
  ],
]

const server = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--clock', '2026-05-16T19:00:00Z'], {
  env: { ...process.env, SANDGATE_LOG: 'off' },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const url = await new Promise((resolve, reject) => {
  let said = ''
  server.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
    const found = /^sandgate listening on (http:\/\/\S+)\n/.exec(said)
    if (found) resolve(found[1])
  })
  server.on('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)))
})

const control = async (method, path, body) => {
  const answer = await fetch(`${url}/_sandgate${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`)
  return answer.json()
}

try {
  await traffic()
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  })
  for (const colorScheme of ['light', 'dark'])
    for (const width of [1280, 800]) {
      const page = await (await browser.newContext({ colorScheme, viewport: { width, height: 800 } })).newPage()
      const picture = (name) =>
        page.screenshot({ path: join(folder, `${name.replace(/\W+/g, '-')}-${colorScheme}-${width}.png`) })
      for (const world of ['default', 'empty'])
        for (const view of VIEWS) {
          await look(page, `${world}/${view}`)
          await picture(world === 'default' ? view : `${view}-empty`)
        }
      const id = await refusedEntry()
      await look(page, `default/timeline?entry=${id}`)
      await picture('entry')
      if (colorScheme === 'light' && width === 1280) await page.screenshot({ path: PICTURE })
    }
  await browser.close()
} finally {
  server.kill()
}
const { size } = statSync(PICTURE)
console.log(`${folder} has the pictures; docs/console.png has ${Math.ceil(size / 1024)} KB`)
if (size > PICTURE_BYTES) throw new Error('docs/console.png is larger than 200 KB')

/** Opens a view, and waits until all of it is read. */
async function look(page, path) {
  await page.goto(`${url}/_sandgate/console/w/${path}`)
  await page.locator('.standing.good').waitFor()
  await page.locator('main h1, main .empty-title').first().waitFor({ state: 'attached' })
  await page.locator('main .reading').first().waitFor({ state: 'detached' })
  if (path.includes('entry=')) await page.locator('.entry-panel .ladder').waitFor()
}

/** A call whose signature is wrong: the ladder shows where it was stopped, and the hint why. */
async function refusedEntry() {
  const { data } = await control('GET', '/journal?view=brief&provider=cpg&refused=true&limit=1000')
  return data.find(({ stopped_by: by }) => by === 'signature_valid').id
}

async function traffic() {
  await control('POST', '/worlds', { id: 'empty' })
  const call = async (provider, method, path, body, header) => {
    const args = [MAIN, 'call', provider, method, path, '--url', url]
    if (body) args.push('--data', JSON.stringify(body))
    if (header) args.push('--header', header)
    // Exit 1: refused, which is meant here and there.
    await promisify(execFile)(process.execPath, args).catch((error) => {
      if (error.code !== 1) throw error
    })
  }
  // Nobody listens there, so that callbacks have attempts that failed.
  for (const name of ['cpg', 'zopay']) await control('PUT', `/callbacks/endpoints/${name}`, { url: `${url}/receiver` })
  for (const each of CALLS) await call(...each)
  // Signed with the secret of another key, which the hint says.
  const path = '/v1/currencies'
  const timestamp = String(Math.floor(Date.now() / 1000))
  const text = `${timestamp}\nGET\n${path}\n\n${createHash('sha256').update('').digest('hex')}`
  await fetch(`${url}/cpg${path}`, {
    headers: {
      'x-cpg-key': 'cpg_demo_key',
      'x-cpg-timestamp': timestamp,
      'x-cpg-signature': createHmac('sha256', 'cpg_demo_secret_2').update(text).digest('hex'),
    },
  })
  const { data } = await control('GET', '/addresses')
  for (const { address, tag } of data)
    await control('POST', '/deposits', { address, amount: '12.5', ...(tag && { tag }), confirmations: 'instant' })
  await control('POST', '/clock/advance', { by: '10m' })
  await control('PUT', '/checkpoints/before-the-rush')
  for (const { address, tag } of data)
    await control('POST', '/deposits', { address, amount: '40', ...(tag && { tag }), after: '5m' })
  await control('POST', '/clock/advance', { by: '6m' })
  for (const each of CALLS.slice(0, 2)) await call(...each)
}
