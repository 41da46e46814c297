// `sandgate explain`: what one entry of the journal was, why, and what came of it; against a sandbox, and against what newer fields may say.
import { expect, test } from 'vitest'
import { explanationOf } from '../../src/cli/explanation.ts'
import { allocation, client, clientOf, KEYS } from '../clients/cpg.ts'
import { Running } from '../command-line.ts'
import { Inbox, type Kit, start } from '../kit.ts'

function explained(box: Kit, ...args: string[]) {
  return new Running(['explain', ...args], { SANDGATE_URL: box.url }).ended
}

test('sandgate.explain: a call, a refusal, a fault, a deposit and an attempt of a callback, each in words', async () => {
  const box = await start()
  const inbox = await Inbox.open()
  await box.control('PUT', '/callbacks/endpoints/cpg', { url: inbox.url })
  const { address } = (await box.call(client, allocation({ user_identifier: 'u', idempotency_key: 'k' }))).json.data
  await box.call(clientOf(KEYS.readonly), allocation({}))
  await box.control('POST', '/faults', { when: {}, then: [{ respond: { error: 'rate_limited' } }] })
  await box.call(client, { method: 'GET', path: '/v1/currencies' })
  await box.control('POST', '/deposits', { address, amount: '5' })
  const entries: any[] = (await box.control('GET', '/journal')).json.data
  const id = (wanted: (entry: any) => boolean) => String(entries.find(wanted).id)
  const [made, refused, struck, attempt] = await Promise.all(
    [
      id(({ kind, status }) => kind === 'call' && status === 200),
      id(({ status }) => status === 403),
      id(({ status }) => status === 429),
      id(({ kind }) => kind === 'callback'),
    ].map((entry) => explained(box, entry)),
  )
  for (const ended of [made, refused, struck, attempt]) expect(ended).toMatchObject({ status: 0, stderr: '' })
  expect(made!.stdout).toMatch(
    /^Entry \d+: createDepositAddress of cpg \(POST \/cpg\/v1\/deposit-addresses\) was called by demo with key 1 at 2026-05-16 19:00:00\.000 of world time, and it was answered 200[^\n]*\.\n\n/,
  )
  expect(made!.stdout).toMatch(
    /\npassed +auth_headers_present, [^\n]*schema_valid\nidempotency +kept: [^\n]+\naddress +sticky: new/,
  )
  expect(made!.stdout).toMatch(
    /\nrule +cpg\.deposits\.sticky \(documented\): With a user_identifier [^\n]+ \[https:[^\n]+\]\n/,
  )
  expect(refused!.stdout).toMatch(
    /\nstopped by +permission_granted\n[^]*refusal +forbidden\nanswer +\{"success":false,[^\n]+\}\nhint +the key lacks request_deposit_address\n/,
  )
  expect(struck!.stdout).toMatch(/\nfault +\S+ .*was applied to call \d+\n/)
  expect(attempt!.stdout).toMatch(
    /^Entry \d+, an attempt of a callback at [^]*\ndelivery +cb_1, attempt 1\nreceiver +answered 200\nbody +\{/,
  )
})

test('sandgate.explain: --json is the entry as it was answered; no such entry is 1, no number is 2', async () => {
  const box = await start()
  await box.call(client, { method: 'GET', path: '/v1/currencies' })
  expect((await explained(box, '1', '--json')).stdout).toBe(
    `${await (await fetch(`${box.url}/_sandgate/journal/1`)).text()}\n`,
  )
  expect(await explained(box, '7')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/ \(entry_not_found\)\n$/),
  })
  expect(await explained(box, 'x')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('expected the number of a journal entry, got "x"'),
  })
  expect(await explained({ url: 'http://127.0.0.1:1' } as Kit, '1')).toMatchObject({ status: 2, stdout: '' })
})

test('sandgate.explain: what an entry made is followed to deposits and callbacks, and only to those', async () => {
  const answers: Record<string, any> = {
    '/journal/19': { id: 19, kind: 'fault', call: 17, summary: 'a.1 was applied to call 17' },
    '/deposits?provider=cpg&address=0xA': {
      data: [
        { id: 'dep_1', amount: '5', currency: 'USDT', network: 'ETH', status: 'confirmed', tag: null },
        { id: 'dep_2', amount: '6', currency: 'USDT', network: 'ETH', status: 'seen', tag: '7' },
      ],
    },
    '/journal?kind=timer&view=brief&limit=1000&text=dep_1': {
      data: [
        { id: 20, summary: 'dep_1 is seen', made: { deliveries: ['cb_2'] } },
        { id: 21, summary: 'dep_10 is seen', made: { deliveries: ['cb_3'] } },
      ],
    },
    '/callbacks?limit=1000&provider=cpg': { data: [{ id: 'cb_3', event: 'other', attempts: [] }], next: '1' },
    '/callbacks?limit=1000&provider=cpg&cursor=1': {
      data: [
        {
          id: 'cb_2',
          event: 'deposit.detected',
          url: 'http://x',
          status: 'pending',
          attempts: [{ status: null, error: 'refused' }],
          next_at: 'T',
        },
      ],
      next: null,
    },
  }
  const entry = {
    id: 17,
    kind: 'call',
    at: '2026-05-16T19:00:00.000Z',
    provider: 'cpg',
    operation: 'op',
    method: 'POST',
    path: '/p',
    account: 'demo',
    key: 2,
    status: 200,
    ms: 1.26,
    checks: ['a'],
    not_reached: ['c', 'd'],
    stopped_by: 'b',
    faults: [19],
    rules: [{ id: 'cpg.x', mark: 'inferred' }],
    made: { addresses: [{ id: 'addr-1', address: '0xA', currency: 'USDT', network: 'ETH', tag: null }] },
    notes: { idempotency: { decided: 'replayed', first_entry: 3 }, odd: '\u001b[2J' },
  }
  expect(await explanationOf(entry, 'URL', (path) => Promise.resolve(answers[path]))).toBe(
    [
      'Entry 17: op of cpg (POST /p) was called by demo with key 2 at 2026-05-16 19:00:00.000 of world time, and it was answered 200 after 1.3 ms.',
      '',
      'entry        URL',
      'passed       a',
      'stopped by   b',
      'not reached  c, d',
      'idempotency  replayed: there was a call with this key and the same content, and its answer was given again (entry 3)',
      'odd          \\u001b[2J',
      'fault        a.1 was applied to call 17',
      'made         address addr-1: 0xA for USDT on ETH',
      'deposit      dep_1: 5 USDT on ETH, confirmed',
      'callback     cb_2: deposit.detected to http://x, pending; 1 attempt, the last one not answered (refused), the next one is due at T',
      'rule         cpg.x (inferred)',
    ].join('\n'),
  )
})
