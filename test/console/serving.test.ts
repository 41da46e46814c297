// How the page of the console is served: who is led to it, what it may do, how long its files may be kept, and what is not there.
import { get } from 'node:http'
import { describe, expect, test } from 'vitest'
import { serve } from '../command-line.ts'
import { type Kit, type Reply, start } from '../kit.ts'

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const CONSOLE = '/_sandgate/console/'
const POLICY =
  "default-src 'none'; script-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'self' "

/** The paths of the files that a document names. */
async function assetsOf(box: Kit, path = CONSOLE): Promise<string[]> {
  const { text } = await box.raw('GET', path, BROWSER)
  return [...text.matchAll(/"(\/_sandgate\/console\/assets\/[^"]+)"/g)].map(([, asset]) => asset!)
}

/** Sends a path as it stands; clients otherwise put it in order. */
function status(box: Kit, path: string): Promise<{ status: number | undefined; text: string }> {
  const { hostname, port } = new URL(box.url)
  return new Promise((resolve, reject) => {
    get({ hostname, port, path, headers: BROWSER, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (more: string) => (text += more))
      response.on('end', () => resolve({ status: response.statusCode, text }))
    }).on('error', reject)
  })
}

describe('sandgate.console.served', () => {
  test.each([
    ['/', CONSOLE],
    ['/_sandgate', CONSOLE],
    ['/_sandgate/', CONSOLE],
    ['/_sandgate/console', CONSOLE],
    ['/w/ci-42/_sandgate', `${CONSOLE}w/ci-42/`],
    ['/w/ci-42/_sandgate/', `${CONSOLE}w/ci-42/`],
    ['/w/ci-42/_sandgate/console/', `${CONSOLE}w/ci-42/`],
  ])('sandgate.console.served: a browser that asks for %s is led to %s', async (path, to) => {
    const box = await start()
    const led = await box.raw('GET', path, BROWSER)
    expect([led.status, led.headers.location]).toEqual([302, to])
    const page = await box.raw('GET', to, BROWSER)
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  })

  test('sandgate.console.served: a program that asks for JSON, or for anything, is not led away', async () => {
    const box = await start()
    for (const accept of ['application/json', '*/*', undefined])
      for (const path of ['/', '/_sandgate', '/_sandgate/', '/w/ci-42/_sandgate/']) {
        const reply = await box.raw('GET', path, accept === undefined ? {} : { accept })
        // PUT makes a world there.
        const status = path.startsWith('/_sandgate') ? 405 : 404
        expect([path, accept, reply.status, reply.json?.code]).toEqual([path, accept, status, expect.any(String)])
      }
    // What the control API has is answered to browsers as ever.
    expect((await box.raw('GET', '/_sandgate/clock', BROWSER)).json.mode).toBe('frozen')
    expect((await box.raw('POST', '/', BROWSER)).status).toBe(404)
  })

  test('sandgate.console.served: the page has its policy, and so has each of its addresses', async () => {
    const box = await start()
    const nonces = new Set<string>()
    for (const path of ['', 'w/default/timeline', 'w/ci-42/callbacks?delivery=cb-1', 'nowhere/at/all']) {
      const { status, headers, text } = await box.raw('GET', CONSOLE + path, BROWSER)
      expect(status).toBe(200)
      const nonce = /'nonce-([\w-]{22})'$/.exec(headers['content-security-policy']!)?.[1]
      expect(headers).toMatchObject({
        'content-security-policy': `${POLICY}'nonce-${nonce}'`,
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      })
      expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|\{\{/)
      nonces.add(nonce!)
    }
    expect(nonces, 'a nonce is used once').toHaveProperty('size', 4)
  })

  test('sandgate.console.served: the viewer of documents has a policy of its own, for styles alone', async () => {
    const box = await start()
    const { status, headers } = await box.raw('GET', `${CONSOLE}reference/cpg`, BROWSER)
    expect([status, headers['content-security-policy']]).toEqual([200, `${POLICY}'unsafe-inline'`])
  })

  test('sandgate.console.served: files have a hash in their names and may be kept for a year', async () => {
    const box = await start()
    const assets = [...(await assetsOf(box)), ...(await assetsOf(box, `${CONSOLE}reference/cpg`))]
    expect(assets.length).toBeGreaterThanOrEqual(4)
    for (const asset of assets) {
      expect(asset).toMatch(/\/\w+-[A-Z0-9]{8}\.(js|css)$/)
      const { status, headers } = await box.raw('GET', asset)
      expect(status).toBe(200)
      expect(headers['content-type']).toMatch(asset.endsWith('.js') ? /^text\/javascript/ : /^text\/css/)
      expect(headers).toMatchObject({
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
      })
    }
  })

  test('sandgate.console.served: no file of an older page, and none outside of its folder', async () => {
    const box = await start()
    const [asset] = await assetsOf(box)
    const name = asset!.split('/').at(-1)!
    const assets = `${CONSOLE}assets/`
    expect((await status(box, assets + name)).status, 'what is there is found').toBe(200)
    for (const path of [
      `${assets}main-00000000.js`,
      `${assets}../index.html`,
      `${assets}../../main.js`,
      `${assets}../../../package.json`,
      `${assets}%2e%2e/index.html`,
      `${assets}..%2findex.html`,
      `${assets}..%2f..%2f..%2fpackage.json`,
      `${assets}..\\index.html`,
      `${assets}..%5cindex.html`,
      `${assets}%00`,
      `${assets}${name}%00.html`,
      `${assets}%ff`,
      `${assets}${name}/`,
      `${assets}.hidden`,
      `${CONSOLE}favicon.ico`,
      `${CONSOLE}index.html`,
      `${CONSOLE}reference.html`,
      `${CONSOLE}reference/../../../etc/passwd.txt`,
    ]) {
      const reply = await status(box, path)
      expect([400, 404], path).toContain(reply.status)
      expect(JSON.parse(reply.text), path).toMatchObject({ code: expect.any(String), detail: expect.any(String) })
    }
  })

  test('sandgate.console.served: sandgate.guard.host holds for the page too', async () => {
    const box = await start()
    const [asset] = await assetsOf(box)
    const ask = (from: Kit, path: string, host: string): Promise<Reply> => from.raw('GET', path, { ...BROWSER, host })
    for (const path of [CONSOLE, `${CONSOLE}reference/cpg`, asset!, '/w/default/_sandgate/']) {
      const refused = await ask(box, path, 'evil.example')
      expect([path, refused.status, refused.json?.code]).toEqual([path, 403, 'forbidden'])
      expect(refused.json.detail).toContain('--allow-host evil.example')
    }
    const open = await start({ allowHosts: ['box.example'] })
    expect((await ask(open, CONSOLE, 'box.example:8080')).status).toBe(200)
  })

  test('sandgate.console.served: the page needs no token, what it shows does', async () => {
    const box = await start({ controlToken: 'token-of-the-house' })
    for (const path of [CONSOLE, ...(await assetsOf(box))]) expect((await box.raw('GET', path)).status).toBe(200)
    expect((await box.raw('GET', '/_sandgate/journal')).status).toBe(401)
    expect((await box.raw('GET', '/_sandgate/events')).status).toBe(401)
  })

  test('sandgate.console.served: the ready line has its URL; --no-console serves none and names none', async () => {
    const [with_, without] = [serve(), serve(['--no-console'])]
    const url = await with_.ready()
    expect(with_.stdout).toContain(`console      ${url}${CONSOLE}\n`)
    expect((await fetch(url + CONSOLE, { headers: BROWSER })).status).toBe(200)
    const bare = await without.ready()
    expect(without.stdout).not.toContain('console')
    for (const path of ['/', '/_sandgate/', CONSOLE, `${CONSOLE}w/default/timeline`, '/w/a/_sandgate/']) {
      const answer = await fetch(bare + path, { headers: BROWSER, redirect: 'manual' })
      expect([path, answer.status]).toEqual([path, path === '/_sandgate/' ? 405 : 404])
    }
    expect((await fetch(`${bare}/_sandgate/clock`)).status).toBe(200)
  })
})
