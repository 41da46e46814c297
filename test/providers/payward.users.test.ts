// Users of Payward, from its pages on users: created once for each reference, with two accounts, and what is left of them when they are locked.
import { describe, expect, test } from 'vitest'
import { ACCOUNTS, client, clientOf, creation, createsUser, KEYS, registration, userOf } from '../clients/payward.ts'
import { Inbox, type Kit, start } from '../kit.ts'

const problem = (type: string) => ({ type: `tag:kraken.com,2025:${type}` })

const act = async (box: Kit, name: string, fields: object) => {
  const reply = await box.control('POST', `/actions/payward/${name}`, fields)
  return reply
}

describe('creating', () => {
  test('payward.users.create and payward.users.item: a profile makes a user with two accounts', async () => {
    const box = await start()
    const made = await box.call(client, createsUser({}))
    expect(made.status).toBe(201)
    const { id, accounts } = made.json.data
    expect(id).toMatch(/^AA[0-9A-HJKMNP-TV-Z]{14}$/)
    expect(accounts.map(({ name }: any) => name)).toEqual(['main', 'secondary'])
    expect(new Set(accounts.map((account: any) => account.id)).size).toBe(2)
    expect((await box.call(client, userOf(id))).json).toEqual({
      data: {
        id,
        external_reference: 'customer-1001',
        type: 'individual',
        status: { state: 'ok', required_actions: [] },
        created_at: '2026-05-16T19:00:00Z',
        accounts,
      },
    })
  })

  test.each(['email', 'external_reference', 'full_name', 'residence', 'phone', 'nationalities'])(
    'payward.users.create: a profile without %s is 400',
    async (field) => {
      const box = await start()
      const reply = await box.call(client, createsUser({ [field]: undefined }))
      expect([reply.status, reply.json.data]).toEqual([400, { field }])
    },
  )

  test.each([
    ['phone', '0123'],
    ['phone', '+1234567890123456'],
    ['nationalities', ['USA']],
    ['full_name', { first_name: 'Ann' }],
    ['residence', { line1: '1 Main St' }],
  ])('payward.users.create: %s %j is 400', async (field, value) => {
    const box = await start()
    expect((await box.call(client, createsUser({ [field]: value }))).status).toBe(400)
  })

  test('payward.users.reference and payward.users.headless: one reference is one user, however it is created, with whatever key', async () => {
    const box = await start()
    const headers = { 'idempotency-key': '550e8400-e29b-41d4-a716-446655440000' }
    const headless = { method: 'POST', path: '/v1/users/headless', body: '{"external_reference":"customer-1001"}' }
    const first = await box.call(client, { ...headless, headers })
    expect(first.status).toBe(201)
    const again = await box.call(client, { ...headless, headers })
    expect([again.status, again.json]).toEqual([201, first.json])
    expect(again.headers['idempotent-replayed']).toBeUndefined()
    expect((await box.call(client, createsUser({}))).json).toEqual(first.json)
    const others = await box.call(clientOf(KEYS.other), createsUser({}))
    expect(others.json.data.id).not.toBe(first.json.data.id)
    const another = await box.call(client, createsUser({ external_reference: 'customer-1002' }))
    expect(another.json.data.id).not.toBe(first.json.data.id)
  })

  test.each([
    [undefined, 201],
    [{ 'payward.users.repeat-status': '200' }, 200],
  ])('payward.users.repeat-status: %j', async (assume, status) => {
    const box = await start(assume && { assume })
    await box.call(client, createsUser({}))
    expect((await box.call(client, createsUser({}))).status).toBe(status)
  })

  test('payward.users.accounts: the keys of its partner may name its accounts, and nobody else', async () => {
    const box = await start()
    const [main] = (await box.call(client, createsUser({}))).json.data.accounts
    expect((await box.call(client, creation({}, main.id))).status).toBe(200)
    expect((await box.call(clientOf(KEYS.other), creation({}, main.id))).json).toMatchObject(problem('UnknownAccount'))
    const inbox = await Inbox.open()
    await box.call(client, registration({ url: inbox.url.replace('127.0.0.1', 'localhost') }))
    const [{ address }] = (await box.control('GET', '/addresses')).json.data
    await box.deposit(address, '1')
    await box.advance('1s')
    expect(inbox.received.map(({ json }) => json.data.account_id)).toEqual([main.id])
  })

  test('payward.users.unknown: unknown users and those of others are 404', async () => {
    const box = await start()
    const { id } = (await box.call(client, createsUser({}))).json.data
    for (const reply of [
      await box.call(client, userOf('AA00000000000000')),
      await box.call(clientOf(KEYS.other), userOf(id)),
    ])
      expect([reply.status, reply.json]).toMatchObject([404, problem('UserNotFound')])
    expect((await box.call(client, userOf('AA'))).status).toBe(400)
  })

  test('payward.auth.permission: users, quotes and transfers each ask for a right of their own', async () => {
    const shop = { key: 'reader', secret: KEYS.demo.secret }
    const accounts = {
      shop: { keys: [{ id: shop.key, secret: shop.secret, permissions: ['funds.query'] }], ids: ['WSHOP5GATE2MAIN77'] },
    }
    const box = await start({ providers: { payward: { accounts } } })
    for (const path of [
      '/v1/users',
      '/v1/accounts/WSHOP5GATE2MAIN77/quotes',
      '/v1/accounts/WSHOP5GATE2MAIN77/transfers',
    ]) {
      const reply = await box.call(clientOf(shop), { method: 'POST', path, body: '{}' })
      expect([reply.status, reply.json]).toMatchObject([403, problem('PermissionDenied')])
    }
    const listed = await box.call(clientOf(shop), { method: 'GET', path: '/v1/accounts/WSHOP5GATE2MAIN77/transfers' })
    expect(listed.status).toBe(200)
  })
})

describe('changing', () => {
  test('payward.users.update: what is sent changes, and the answer is success', async () => {
    const box = await start()
    const { id } = (await box.call(client, createsUser({}))).json.data
    const change = (fields: object) =>
      box.call(client, { method: 'PATCH', path: `/v1/users/${id}`, body: JSON.stringify(fields) })
    const reply = await change({ phone: null, nationalities: ['FR'], email: 'b@b.test' })
    expect([reply.status, reply.json]).toEqual([200, { data: 'success' }])
    const row = (await box.control('GET', '/snapshot')).json.tables['payward.users'][id]
    const profile = JSON.parse(row.profile)
    expect(profile).toMatchObject({ nationalities: ['FR'], full_name: { first_name: 'Ann' } })
    expect([row.email, profile.phone]).toEqual(['ann@shop.example', undefined])
    expect((await change({ phone: '0' })).status).toBe(400)
  })
})

describe('locking', () => {
  test('payward.users.states and payward.webhooks.user-data: who is told of it, and what is final', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    const events = ['user.verified', 'user.disabled', 'user.closed']
    await box.call(client, registration({ url: inbox.url.replace('127.0.0.1', 'localhost'), events }))
    const { id: user_id } = (await box.call(client, createsUser({}))).json.data
    expect((await act(box, 'disable-user', { user_id, reason: 'a look at papers' })).status).toBe(201)
    expect((await act(box, 'disable-user', { user_id })).status).toBe(409)
    expect((await box.call(client, userOf(user_id))).json.data.status.state).toBe('disabled')
    expect((await act(box, 'close-user', { user_id })).status).toBe(201)
    expect((await act(box, 'close-user', { user_id })).status).toBe(409)
    expect((await act(box, 'verify-user', { user_id: 'AA00000000000000' })).status).toBe(409)
    await box.advance('1s')
    const at = '2026-05-16T19:00:00.000Z'
    expect(inbox.received.map(({ json }) => [json.type, json.data])).toEqual([
      ['user.verified', { user_id, verified_at: at }],
      ['user.disabled', { user_id, disabled_at: at, reason: 'a look at papers' }],
      ['user.closed', { user_id, closed_at: at }],
    ])
    const change = { method: 'PATCH', path: `/v1/users/${user_id}`, body: '{}' }
    expect((await box.call(client, change)).json).toMatchObject(problem('UserLocked'))
  })

  test('payward.users.locked: its accounts can be read, and money does not move', async () => {
    const box = await start()
    const { id: user_id, accounts } = (await box.call(client, createsUser({}))).json.data
    const account = accounts[0].id
    await act(box, 'disable-user', { user_id })
    const refused = await box.call(client, creation({}, account))
    expect([refused.status, refused.json]).toMatchObject([403, problem('UserLocked')])
    const read = { method: 'GET', path: `/v1/accounts/${account}/funds/deposits/methods/BTC` }
    expect((await box.call(client, read)).status).toBe(200)
    expect((await box.call(client, creation({}, ACCOUNTS.main))).status).toBe(200)
  })

  test('payward.users.verification: by hand, there is one required action until then', async () => {
    const box = await start({ assume: { 'payward.users.verification': 'manual' } })
    const { id: user_id, accounts } = (await box.call(client, createsUser({}))).json.data
    const status = async () => (await box.call(client, userOf(user_id))).json.data.status
    expect(await status()).toMatchObject({
      state: 'ok',
      required_actions: [
        { action_type: 'verification', verification_type: 'identity', reasons: ['initial_onboarding'] },
      ],
    })
    const wanted = creation({}, accounts[0].id)
    expect((await box.call(client, wanted)).json).toMatchObject({ status: 403, ...problem('PermissionDenied') })
    expect((await act(box, 'verify-user', { user_id })).status).toBe(201)
    expect((await status()).required_actions).toEqual([])
    expect((await box.call(client, wanted)).status).toBe(200)
    expect((await act(box, 'verify-user', { user_id })).status).toBe(409)
  })
})
