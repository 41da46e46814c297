// What was signed: the headers and the text of each callback attempt, the text that a call with a wrong signature should have signed, and where
// callbacks go.
import { createHash, createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { Inbox, type Kit, type Reply, type Request, start } from './kit.ts'

/** How each provider's signature follows from the text, by its documents; and an address to send money to. */
const SIGNERS: Readonly<
  Record<
    string,
    {
      readonly header: string
      readonly mac: (secret: string, text: string) => string
      readonly address: (box: Kit) => Promise<string>
    }
  >
> = {
  cpg: {
    header: 'X-CPG-Signature',
    mac: cpg.sign,
    address: async (box) => (await box.call(cpg.client, cpg.allocation({}))).json.data.address,
  },
  zopay: {
    header: 'X-ZoPay-Signature',
    mac: (secret, text) => createHmac('sha256', secret).update(text).digest('hex'),
    address: async (box) => (await box.call(zopay.client, zopay.client.good.createAddress!())).json.address,
  },
  payward: {
    header: 'X-Signature',
    mac: (secret, text) => createHmac('sha256', Buffer.from(secret, 'base64')).update(text).digest('hex'),
    address: async (box) =>
      (await box.call(payward.client, payward.client.good.createDepositAddress!())).json.data.address,
  },
  alphapo: {
    header: 'X-Processing-Signature',
    mac: alphapo.sign,
    address: async (box) => (await box.call(alphapo.client, alphapo.taking({ currency: 'ETH' }))).json.data.address,
  },
}

async function deliveries(box: Kit): Promise<any[]> {
  return (await box.control('GET', '/callbacks')).json.data
}

describe('sandgate.callbacks.shown: what was sent', () => {
  test.each(Object.entries(SIGNERS))(
    '%s: the headers of every attempt as the receiver got them, and the text that their signature is made of',
    async (provider, { header, mac, address }) => {
      const box = await start()
      const inbox = await Inbox.open()
      const secret = await box.subscribe(provider, inbox)
      inbox.answers = (_, index) => ({ status: index === 0 ? 500 : 200 })
      await box.deposit(await address(box), '1', { confirmations: 'instant' })
      box.passWall(77_000)
      await box.advance('5m')
      const rows = await deliveries(box)
      const attempts = rows.flatMap(({ body, attempts }) => attempts.map((attempt: any) => ({ body, ...attempt })))
      expect(attempts).toHaveLength(inbox.received.length)
      for (const { body, headers, signed_text: text } of attempts) {
        const names = Object.keys(headers)
        expect(names.map((name) => name.toLowerCase())).toEqual(
          expect.arrayContaining(['content-type', 'content-length', header.toLowerCase()]),
        )
        const sent = names.map((name) => headers[name])
        expect(
          inbox.received.some(
            (received) =>
              received.text === body && names.every((name, i) => received.headers[name.toLowerCase()] === sent[i]),
          ),
        ).toBe(true)
        expect(headers[header].endsWith(mac(secret, text))).toBe(true)
      }
      expect(JSON.stringify(rows)).not.toContain(secret)
    },
  )

  test.each(Object.entries(SIGNERS))(
    '%s: a spoiled one shows what it was spoiled by',
    async (provider, { header, mac, address }) => {
      const box = await start()
      const inbox = await Inbox.open()
      const secret = await box.subscribe(provider, inbox)
      const spoils = ['bad-signature', ...(provider === 'alphapo' ? [] : ['stale-timestamp'])]
      for (const [i, how] of spoils.entries()) {
        await box.control('PUT', '/scenario', { timeline: [{ at: '0s', do: { callbacks: { provider, how } } }] })
        const before = inbox.received.length
        await box.deposit(await address(box), '1', { confirmations: 'instant' })
        const { headers, signed_text: text } = (await deliveries(box))[before].attempts[0]
        expect(headers[header].endsWith(mac(secret, text))).toBe(i === 1)
        if (i === 1) expect(text).toContain(String(Math.floor(box.wallMs / 1000) - 3600))
      }
    },
  )

  test('one that nobody took shows what it was made with', async () => {
    const box = await start()
    await box.control('PUT', '/callbacks/endpoints/cpg', { url: 'http://127.0.0.1:9/', events: ['deposit.detected'] })
    await box.deposit(await SIGNERS.cpg!.address(box), '1')
    expect((await deliveries(box))[0].attempts[0]).toMatchObject({
      status: null,
      headers: { 'X-CPG-Event': 'deposit.detected' },
    })
  })

  test('they are kept, come back with a snapshot, and one of before without them can be read', async () => {
    const data = mkdtempSync(join(tmpdir(), 'sandgate-'))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const box = await start({ data })
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    await box.deposit(await SIGNERS.cpg!.address(box), '1', { confirmations: 'instant' })
    // The entry that made a row is told while the journal has it.
    const listed = async (box: Kit) => (await deliveries(box)).map(({ made_by: _, ...row }) => row)
    const before = await listed(box)
    const snapshot = (await box.control('GET', '/snapshot')).json
    await box.sandbox.close()
    const again = await start({ data, warn: () => undefined })
    expect(await listed(again)).toEqual(before)
    expect((await again.control('PUT', '/snapshot', snapshot)).status).toBe(204)
    expect(await listed(again)).toEqual(before)
    const { callback_requests: _, ...tables } = snapshot.tables
    expect((await again.control('PUT', '/snapshot', { ...snapshot, tables })).status).toBe(204)
    expect((await deliveries(again))[0].attempts).toEqual([{ at: before[0].attempts[0].at, status: 200, error: null }])
  })

  test('no signature of a callback stands in the journal or in a recording', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    const secret = await box.subscribe('cpg', inbox)
    await box.deposit(await SIGNERS.cpg!.address(box), '1', { confirmations: 'instant' })
    for (const path of ['/journal', '/recording']) {
      const { text } = await box.control('GET', path)
      for (const { headers } of inbox.received) expect(text).not.toContain(headers['x-cpg-signature'])
      expect(text).not.toContain(secret)
    }
  })
})

describe('sandgate.hints.expected-text: what a refused call should have signed', () => {
  /** A call that is signed with another secret. */
  async function refused(
    box: Kit,
    client: { name: string; sign(request: Request, wallMs: number): Request },
    request: Request,
  ): Promise<any> {
    box.passWall(1000)
    const reply: Reply = await box.raw(
      request.method,
      `/${client.name}${request.path}`,
      client.sign(request, box.wallMs).headers,
      request.body,
    )
    expect([401, 403]).toContain(reply.status)
    expect(reply.headers['x-sandgate-hint']).toContain('expected_text')
    return box.entry(reply)
  }

  const WRONG = 'bm90IHRoZSBzZWNyZXQgb2YgdGhpcyBrZXk='
  const CLIENTS = {
    cpg: cpg.clientOf({ key: cpg.KEYS.demo.key, secret: WRONG }),
    payward: payward.clientOf({ key: payward.KEYS.demo.key, secret: WRONG }),
    alphapo: alphapo.clientOf({ key: alphapo.KEYS.demo.key, secret: WRONG }),
  }

  test('cpg: the five lines, which give the right signature', async () => {
    const box = await start()
    const request = { ...cpg.allocation({ user_identifier: 'José' }), path: '/v1/deposit-addresses?a=1&b=%20' }
    const { expected_text: text } = await refused(box, CLIENTS.cpg, request)
    const timestamp = String(Math.floor(box.wallMs / 1000))
    expect(text).toBe(cpg.canonical(request, timestamp))
    const headers = {
      'content-type': 'application/json',
      'x-cpg-key': cpg.KEYS.demo.key,
      'x-cpg-timestamp': timestamp,
      'x-cpg-signature': cpg.sign(cpg.KEYS.demo.secret, text),
    }
    expect((await box.raw('POST', `/cpg${request.path}`, headers, request.body)).status).toBe(200)
  })

  test('alphapo: the body; bytes that are no text are spelled', async () => {
    const box = await start()
    const request = alphapo.taking({ foreign_id: 'José' })
    const { expected_text: text } = await refused(box, CLIENTS.alphapo, request)
    expect(text).toBe(request.body)
    const reply = await fetch(`${box.url}/alphapo/api/v2/addresses/take`, {
      method: 'POST',
      headers: { 'x-processing-key': alphapo.KEYS.demo.key, 'x-processing-signature': 'f'.repeat(128) },
      body: Buffer.from([0x7b, 0xff, 0x0a, 0x00, 0x7d]),
    })
    const { expected_text: bytes } = (await box.control('GET', `/journal/${reply.headers.get('x-sandgate-entry')}`))
      .json
    expect(bytes).toBe('{\\xff\n\\x00}')
  })

  test('payward: path, nonce, body and the hash between them; also where the signature is missing', async () => {
    const box = await start()
    const request = payward.client.good.createDepositAddress!()
    const { expected_text: text } = await refused(box, CLIENTS.payward, request)
    const nonce = payward.nonceAt(box.wallMs)
    const hash = createHash('sha256')
      .update(nonce + request.body)
      .digest('hex')
    expect(text).toBe(`${request.path} and, as 32 raw bytes, ${hash} which is the SHA-256 of ${nonce}${request.body}`)
    const missing = await box.raw(
      request.method,
      `/payward${request.path}`,
      { 'api-key': payward.KEYS.demo.key, 'api-nonce': nonce, 'content-type': 'application/json' },
      request.body,
    )
    expect(await box.entry(missing)).toMatchObject({ refusal: 'bad_signature', expected_text: text })
  })

  test('other refusals and good calls have none, and the list of entries shows it too', async () => {
    const box = await start()
    await refused(box, CLIENTS.cpg, cpg.allocation({}))
    await box.call(cpg.client, cpg.allocation({}))
    await box.raw('GET', '/cpg/v1/_ping')
    const { data } = (await box.control('GET', '/journal?kind=call')).json
    expect(data.map((entry: any) => 'expected_text' in entry)).toEqual([true, false, false])
  })

  test('no secret stands in it, whatever a client puts into what is signed, and it is bounded', async () => {
    const box = await start()
    const { key, secret } = alphapo.KEYS.demo
    const { expected_text: text } = await refused(box, CLIENTS.alphapo, {
      ...alphapo.taking({}),
      body: JSON.stringify({
        note: secret,
        key,
        webhook_secret: 'whsec-0123456789',
        url: 'https://u:hush-hush@shop.example/',
      }),
    })
    for (const word of [secret, key, 'whsec-0123456789', 'hush-hush']) expect(text).not.toContain(word)
    const path = `/v1/deposit-addresses?s=${cpg.KEYS.demo.secret}`
    expect((await refused(box, CLIENTS.cpg, { ...cpg.allocation({}), path })).expected_text).not.toContain(
      cpg.KEYS.demo.secret,
    )
    const large = { ...alphapo.taking({}), body: JSON.stringify({ note: 'x'.repeat(900_000) }) }
    expect((await refused(box, CLIENTS.alphapo, large)).expected_text).toHaveLength(65_536)
  })
})

describe('sandgate.callbacks.endpoints: where callbacks go', () => {
  const list = async (box: Kit, query = '') => (await box.control('GET', `/callbacks/endpoints${query}`)).json.data

  test('all of them are listed, by provider and account, without secrets', async () => {
    const box = await start()
    expect(await list(box)).toEqual([])
    const put = await box.control('PUT', '/callbacks/endpoints/cpg', {
      url: 'http://user:hush@127.0.0.1:1/cpg',
      secret: 'whsec-demo',
      events: ['deposit.confirmed'],
    })
    await box.control('PUT', '/callbacks/endpoints/zopay', { url: 'http://127.0.0.1:1/zopay' })
    await box.control('PUT', '/callbacks/endpoints/cpg', { url: 'http://127.0.0.1:1/other', account: 'other' })
    const { webhook, secret } = (
      await box.call(payward.client, {
        method: 'POST',
        path: '/v1/webhooks',
        body: JSON.stringify({ url: 'http://127.0.0.1:1/payward', enabled: true, events: ['deposit.status_updated'] }),
      })
    ).json.data
    const rows = await list(box)
    expect(rows[0]).toEqual({
      id: put.json.id,
      provider: 'cpg',
      account: 'demo',
      url: 'http://hidden@127.0.0.1:1/cpg',
      events: ['deposit.confirmed'],
    })
    expect(rows.map(({ id, provider, account, url }: any) => [id, provider, account, url]).slice(1)).toEqual([
      ['ep_2', 'zopay', expect.any(String), 'http://127.0.0.1:1/zopay'],
      ['ep_3', 'cpg', 'other', 'http://127.0.0.1:1/other'],
      ['ep_4', 'payward', expect.any(String), webhook.url],
    ])
    for (const word of ['whsec-demo', 'hush', secret]) expect(JSON.stringify(rows)).not.toContain(word)
    expect((await list(box, '?provider=cpg')).map(({ id }: any) => id)).toEqual(['ep_1', 'ep_3'])
    expect((await list(box, '?provider=cpg&account=other')).map(({ id }: any) => id)).toEqual(['ep_3'])
    expect((await box.control('GET', '/callbacks/endpoints?provider=nobody')).status).toBe(422)
    // A new URL is the same endpoint.
    await box.control('PUT', '/callbacks/endpoints/cpg', { url: 'http://127.0.0.1:1/new' })
    expect((await list(box, '?account=demo'))[0]).toMatchObject({ id: 'ep_1', url: 'http://127.0.0.1:1/new' })
  })

  test('one that is removed hears of nothing more, and what it has not got yet is given up', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    inbox.answers = () => ({ status: 500 })
    await box.subscribe('cpg', inbox)
    const address = await SIGNERS.cpg!.address(box)
    await box.deposit(address, '1')
    expect((await box.control('DELETE', '/callbacks/endpoints/ep_1')).status).toBe(204)
    expect(await list(box)).toEqual([])
    expect(
      (await deliveries(box)).map(({ status, reason, url, attempts }) => [status, reason, url, attempts.length]),
    ).toEqual([['exhausted', 'the endpoint was removed', null, 1]])
    await box.advance('3d')
    await box.deposit(address, '2')
    expect([inbox.received.length, (await deliveries(box)).length]).toEqual([1, 1])
    const { data } = (await box.control('GET', '/journal?kind=control')).json
    expect(data.map(({ summary }: any) => summary)).toContain(
      'callbacks of CPG for demo are no longer sent; 1 that were not delivered yet are given up',
    )
    // Another one takes its place and does not get what was given up.
    inbox.answers = () => ({})
    await box.subscribe('cpg', inbox)
    await box.deposit(address, '3')
    expect(inbox.received.map(({ json }) => json.data.amount)).toEqual(['1.000000', '3.000000'])
    await box.control('POST', '/callbacks/cb_1/redeliver')
    expect((await deliveries(box))[0]).toMatchObject({ status: 'delivered' })
    expect((await deliveries(box))[0]).not.toHaveProperty('reason')
  })

  test('so is what is paused, held back, or on its way to somebody who does not take it', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('cpg', inbox)
    const address = await SIGNERS.cpg!.address(box)
    const remove = () => box.control('DELETE', '/callbacks/endpoints/cpg')
    inbox.answers = async () => {
      expect((await remove()).status).toBe(204)
      return { status: 500 }
    }
    await box.deposit(address, '1')
    for (const how of ['pause', 'reorder']) {
      await box.subscribe('cpg', inbox)
      await box.control('PUT', '/scenario', { timeline: [{ at: '0s', do: { callbacks: { provider: 'cpg', how } } }] })
      await box.deposit(address, '1')
      await remove()
    }
    await box.control('DELETE', '/scenario')
    await box.advance('30d')
    expect(inbox.received).toHaveLength(1)
    expect((await deliveries(box)).map(({ status, reason }) => [status, reason])).toEqual(
      Array.from({ length: 3 }, () => ['exhausted', 'the endpoint was removed']),
    )
  })

  test('an unknown one, one of several, and one that a partner registered are refused', async () => {
    const box = await start()
    for (const account of ['demo', 'other'])
      await box.control('PUT', '/callbacks/endpoints/cpg', { url: 'http://127.0.0.1:1/', account })
    await box.call(payward.client, {
      method: 'POST',
      path: '/v1/webhooks',
      body: JSON.stringify({ url: 'http://127.0.0.1:1/', enabled: true, events: [] }),
    })
    const refusal = async (id: string) => {
      const { status, json } = await box.control('DELETE', `/callbacks/endpoints/${id}`)
      return [status, json.detail]
    }
    expect(await refusal('ep_9')).toEqual([
      404,
      'there is no endpoint "ep_9"; GET /_sandgate/callbacks/endpoints lists those there are',
    ])
    expect(await refusal('cpg')).toEqual([409, 'CPG has 2 endpoints; name one by its id: ep_1 (demo), ep_2 (other)'])
    expect(await refusal('ep_3')).toEqual([
      409,
      'ep_3 was registered by the partner with a call of Payward; such a call removes it too',
    ])
    expect(await list(box)).toHaveLength(3)
  })
})
