// Transfers between accounts of Payward, from its page on transfers.
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ledgerProblems } from '../../src/world/ledger.ts'
import {
  ACCOUNTS,
  cancelling,
  client,
  clientOf,
  createsUser,
  KEYS,
  transferOf,
  transferring,
} from '../clients/payward.ts'
import { Inbox, type Kit, type Reply, start } from '../kit.ts'

const other = clientOf(KEYS.other)
const refused = (reply: Reply) => [reply.status, reply.json.type?.split(':').at(-1)]
const asset = (more: object = {}) => ({ from: { asset: { symbol: 'BTC', type: 'crypto', amount: '1', ...more } } })

async function rich(more: object = {}): Promise<Kit> {
  const box = await start(more)
  await box.control('POST', '/balances', { provider: 'payward', currency: 'BTC', amount: '5' })
  return box
}

async function has(box: Kit): Promise<Record<string, string[]>> {
  const { data } = (await box.control('GET', '/balances?provider=payward')).json
  return Object.fromEntries(data.map((row: any) => [row.account, [Number(row.balance), Number(row.held)]]))
}

const act = (box: Kit, name: string, fields: object = {}) => box.control('POST', `/actions/payward/${name}`, fields)

/** A transfer that Payward wants to look at. */
async function held(box: Kit): Promise<any> {
  expect((await act(box, 'hold-transfer')).status).toBe(201)
  return (await box.call(client, transferring())).json.data
}

describe('making', () => {
  test('payward.transfers.item and payward.transfers.postings: it is completed at once', async () => {
    const box = await rich()
    const reply = await box.call(client, transferring())
    const money = { symbol: 'BTC', type: 'crypto', name: 'Bitcoin', amount: '1.00000000' }
    const data = {
      id: expect.stringMatching(/^trf_[0-9A-HJKMNP-TV-Z]{20}$/),
      status: 'completed',
      from: { account: ACCOUNTS.main, asset: money },
      to: { account: ACCOUNTS.second },
      asset: money,
      failure_reason: null,
      created_at: '2026-05-16T19:00:00Z',
      updated_at: '2026-05-16T19:00:00Z',
    }
    expect([reply.status, reply.json]).toEqual([200, { data }])
    expect((await box.call(client, transferOf(reply.json.data.id))).json).toEqual({ data })
    expect(await has(box)).toEqual({ [ACCOUNTS.main]: [4, 0], [ACCOUNTS.second]: [1, 0] })
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test('payward.transfers.one-destination: none or several are 400', async () => {
    const box = await rich()
    for (const to of [{}, { account: ACCOUNTS.second, tag: '@other' }, { tag: '@other', email: 'a@a.test' }])
      expect(refused(await box.call(client, transferring({ to })))).toEqual([400, 'InvalidArguments'])
  })

  // Each is wrong in all that comes after it too.
  test.each([
    [{ ...asset({ symbol: 'NOPE', amount: '0' }), to: {} }, 400, 'InvalidArguments'],
    [{ ...asset({ symbol: 'NOPE', amount: '0' }), to: { account: 'nobody' } }, 400, 'UnknownAsset'],
    [{ ...asset({ amount: '0' }), to: { account: 'nobody' } }, 400, 'InvalidAmount'],
    [{ ...asset({ amount: '-1' }), to: { account: 'nobody' } }, 400, 'InvalidAmount'],
    [{ ...asset({ amount: undefined }), to: { account: 'nobody' } }, 400, 'InvalidAmount'],
    [{ ...asset({ amount: '0.123456789' }), to: { account: 'nobody' } }, 400, 'InvalidAmount'],
    [{ ...asset({ amount: '100' }), to: { account: 'nobody' } }, 404, 'UnknownRecipient'],
    [{ ...asset({ amount: '100' }), to: { tag: '@nobody' } }, 404, 'UnknownRecipient'],
    [{ ...asset({ amount: '100' }), to: { email: 'no@body.test' } }, 404, 'UnknownRecipient'],
    [{ ...asset({ amount: '100' }), to: { account: ACCOUNTS.main } }, 400, 'InvalidArguments'],
    [asset({ amount: '5.00000001' }), 409, 'InsufficientFunds'],
  ])('payward.transfers.order: %j is %i %s', async (fields, status, type) => {
    const box = await rich()
    expect(refused(await box.call(client, transferring(fields)))).toEqual([status, type])
    expect(await has(box)).toEqual({ [ACCOUNTS.main]: [5, 0] })
  })

  test('payward.transfers.recipients: an account, a tag, an e-mail address', async () => {
    const box = await rich({ providers: { payward: { tags: { '@bank': ACCOUNTS.other } } } })
    const { accounts } = (await box.call(other, createsUser({}))).json.data
    for (const to of [{ account: ACCOUNTS.other }, { tag: '@bank' }, { tag: '@other' }, { email: 'Ann@Shop.example' }])
      expect((await box.call(client, transferring({ to }))).json.data).toMatchObject({ status: 'completed', to })
    expect(await has(box)).toEqual({ [ACCOUNTS.main]: [1, 0], [ACCOUNTS.other]: [3, 0], [accounts[0].id]: [1, 0] })
  })

  test('payward.transfers.locked-recipient: nothing reaches the account of a closed user', async () => {
    const box = await rich()
    const { id: user_id, accounts } = (await box.call(client, createsUser({}))).json.data
    await box.call(client, transferring({ to: { account: accounts[1].id } }))
    await act(box, 'close-user', { user_id })
    for (const reply of [
      await box.call(client, transferring({ to: { account: accounts[1].id } })),
      await box.call(client, transferring({}, accounts[1].id)),
    ])
      expect(refused(reply)).toEqual([403, 'UserLocked'])
    expect(await has(box)).toEqual({ [ACCOUNTS.main]: [4, 0], [accounts[1].id]: [1, 0] })
  })

  test('payward.idempotency.elsewhere: a repeated transfer happens once', async () => {
    const box = await rich()
    const once = { ...transferring(), headers: { 'idempotency-key': randomUUID() } }
    const first = await box.call(client, once)
    expect((await box.call(client, once)).json).toEqual(first.json)
    expect(await has(box)).toEqual({ [ACCOUNTS.main]: [4, 0], [ACCOUNTS.second]: [1, 0] })
  })
})

describe('held back', () => {
  test('payward.transfers.statuses: pending, processing, completed a minute later', async () => {
    const box = await rich()
    const { id: transfer_id, status } = await held(box)
    expect([status, await has(box)]).toEqual(['pending', { [ACCOUNTS.main]: [5, 1] }])
    expect((await box.call(client, transferring())).json.data.status).toBe('completed')
    expect((await act(box, 'process-transfer', { transfer_id })).status).toBe(201)
    expect((await box.call(client, transferOf(transfer_id))).json.data.status).toBe('processing')
    expect((await act(box, 'process-transfer', { transfer_id })).status).toBe(409)
    await box.advance('1m')
    expect((await box.call(client, transferOf(transfer_id))).json.data).toMatchObject({
      status: 'completed',
      updated_at: '2026-05-16T19:01:00Z',
    })
    expect(await has(box)).toEqual({ [ACCOUNTS.main]: [3, 0], [ACCOUNTS.second]: [2, 0] })
    expect((await act(box, 'fail-transfer', { transfer_id })).status).toBe(409)
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test.each([false, true])('payward.transfers.statuses: failed, processing before: %s', async (processing) => {
    const box = await rich()
    const { id: transfer_id } = await held(box)
    if (processing) await act(box, 'process-transfer', { transfer_id })
    expect((await act(box, 'fail-transfer', { transfer_id, reason: 'no papers' })).status).toBe(201)
    await box.advance('1h')
    const { status, failure_reason } = (await box.call(client, transferOf(transfer_id))).json.data
    expect([status, failure_reason]).toEqual(['failed', 'no papers'])
    expect(await has(box)).toEqual({ [ACCOUNTS.main]: [5, 0] })
  })

  test('payward.transfers.cancel: while it is pending, and never later', async () => {
    const box = await rich()
    const first = await held(box)
    const reply = await box.call(client, cancelling(first.id))
    expect([reply.status, reply.json.data.status]).toEqual([200, 'cancelled'])
    expect(await has(box)).toEqual({ [ACCOUNTS.main]: [5, 0] })
    expect(refused(await box.call(client, cancelling(first.id)))).toEqual([409, 'TransferNotCancellable'])
    const second = await held(box)
    await act(box, 'process-transfer', { transfer_id: second.id })
    expect(refused(await box.call(client, cancelling(second.id)))).toEqual([409, 'TransferNotCancellable'])
    const third = (await box.call(client, transferring())).json.data
    expect(refused(await box.call(client, cancelling(third.id)))).toEqual([409, 'TransferNotCancellable'])
  })
})

test('payward.transfers.unknown: both sides may read, the sender alone cancel', async () => {
  const box = await rich()
  const inside = (await box.call(client, transferring())).json.data
  await act(box, 'hold-transfer', { account: ACCOUNTS.main })
  const across = (await box.call(client, transferring({ to: { account: ACCOUNTS.other } }))).json.data
  expect((await box.call(other, transferOf(across.id))).status).toBe(200)
  for (const reply of [
    await box.call(other, transferOf(inside.id)),
    await box.call(other, cancelling(across.id)),
    await box.call(client, transferOf('trf_00000000000000000000')),
  ])
    expect(refused(reply)).toEqual([404, 'TransferNotFound'])
})

test.each([
  [
    'both',
    [
      [ACCOUNTS.second, 3],
      [ACCOUNTS.main, 5],
    ],
  ],
  [
    'outgoing',
    [
      [ACCOUNTS.second, 1],
      [ACCOUNTS.main, 4],
    ],
  ],
])('payward.transfers.list: %s, newest first, in pages', async (assumed, expected: any) => {
  const box = await rich({ assume: { 'payward.transfers.list': assumed } })
  const ids: string[] = []
  for (let n = 0; n < 2; n++) ids.push((await box.call(client, transferring(asset({ amount: '0.1' })))).json.data.id)
  ids.push(
    (
      await box.call(
        client,
        transferring({ ...asset({ amount: '0.1' }), to: { account: ACCOUNTS.main } }, ACCOUNTS.second),
      )
    ).json.data.id,
  )
  for (let n = 0; n < 2; n++)
    ids.push(
      (await box.call(client, transferring({ ...asset({ amount: '0.1' }), to: { tag: '@other' } }))).json.data.id,
    )
  for (const [account, count] of expected) {
    const seen: string[] = []
    let token: string | null = ''
    while (token !== null) {
      const path: string = `/v1/accounts/${account}/transfers?page_size=2${token && `&page_token=${token}`}`
      const { data, next_page_token }: any = (await box.call(client, { method: 'GET', path })).json
      seen.push(...data.map(({ id }: any) => id))
      token = next_page_token
    }
    expect(seen).toHaveLength(count)
    expect(seen).toEqual(ids.filter((id) => seen.includes(id)).reverse())
  }
  const bad = { method: 'GET', path: `/v1/accounts/${ACCOUNTS.main}/transfers?page_token=x` }
  expect((await box.call(client, bad)).status).toBe(400)
})

test.each([
  ['embed', []],
  ['pws-examples', ['transfer.completed', 'transfer.failed', 'transfer.completed']],
])('payward.webhooks.transfer-data and payward.webhooks.vocabulary: %s', async (vocabulary, expected) => {
  const box = await rich({ assume: { 'payward.webhooks.vocabulary': vocabulary } })
  const inbox = await Inbox.open()
  await box.subscribe('payward', inbox)
  const done = (await box.call(client, transferring())).json.data
  const failed = await held(box)
  const { id } = await held(box)
  await act(box, 'fail-transfer', { transfer_id: failed.id, reason: 'no' })
  await act(box, 'process-transfer', { transfer_id: id })
  await box.call(client, cancelling((await held(box)).id))
  await box.advance('5m')
  const told = inbox.received.map(({ json }) => json)
  expect(told.map(({ type }) => type)).toEqual(expected)
  if (expected.length === 0) return
  const { from, to, asset: money } = done
  const common = { user_id: null, account_id: ACCOUNTS.main, from, to, asset: money }
  const at = '2026-05-16T19:00:00.000Z'
  expect(told.map(({ data }) => data)).toEqual([
    { ...common, transfer_id: done.id, status: 'completed', completed_at: at },
    { ...common, transfer_id: failed.id, status: 'failed', failed_at: at, reason: 'no' },
    { ...common, transfer_id: id, status: 'completed', completed_at: '2026-05-16T19:01:00.000Z' },
  ])
})
