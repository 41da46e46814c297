// What lists of the control API tell beside the rows themselves: windows, confirmations, the next attempt, the receiver's answer, who uses a world.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ask, rows } from './asking.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { client as payward } from './clients/payward.ts'
import { Inbox, type Kit, START, start } from './kit.ts'

async function address(box: Kit, fields: Record<string, unknown> = {}): Promise<string> {
  const reply = await box.call(cpg, allocation(fields))
  expect(reply.status, reply.text).toBe(200)
  return reply.json.data.address
}

/** A box whose callbacks of CPG are answered with this body and 500, after one deposit. */
async function told(body: string | ((secret: string) => string), answers: { status?: number } = { status: 500 }) {
  const box = await start()
  const inbox = await Inbox.open()
  const secret = await box.subscribe('cpg', inbox)
  inbox.answers = ({ headers }) => ({
    ...answers,
    body: typeof body === 'string' ? body : body(`${secret} ${Object.values(headers).join(' ')}`),
  })
  await box.deposit(await address(box), '1')
  return { box, inbox, secret }
}

describe('callbacks', () => {
  test('sandgate.callbacks.next: the next attempt stands beside those that were made, and there is none when it was delivered', async () => {
    const { box, inbox } = await told('no')
    const [first] = await rows(box, '/callbacks')
    expect(first).toMatchObject({ status: 'pending', attempts: [{ status: 500 }] })
    const due = (await ask(box, 'GET', '/clock')).json.next.filter(({ kind }: any) => kind === 'callback')
    expect(due.map(({ at }: any) => at)).toEqual([first.next_at])
    expect(Date.parse(first.next_at)).toBeGreaterThan(Date.parse(first.attempts[0].at))
    inbox.answers = () => ({})
    await ask(box, 'POST', '/clock/advance', { to: first.next_at })
    expect((await rows(box, '/callbacks'))[0]).toMatchObject({
      status: 'delivered',
      next_at: null,
      attempts: [{}, { at: first.next_at, status: 200 }],
    })
  })

  test('sandgate.callbacks.answer: the first 4 KiB of what the receiver said, in whole characters; nothing where it said nothing', async () => {
    const { box, inbox } = await told(`a${'€'.repeat(3000)}`)
    const [{ attempts, next_at }] = await rows(box, '/callbacks')
    expect(attempts[0].answer).toBe(`a${'€'.repeat(1365)}`)
    inbox.answers = () => ({})
    await ask(box, 'POST', '/clock/advance', { to: next_at })
    const [, second] = (await rows(box, '/callbacks'))[0].attempts
    expect(second).toMatchObject({ status: 200 })
    expect(second).not.toHaveProperty('answer')
  })

  test('sandgate.callbacks.answer: a receiver that repeats what it was sent tells no secret and no signature, also where the end is cut off', async () => {
    const { box, secret } = await told((sent) => `${sent} sk_live_abcdefgh ${'x'.repeat(4060)} cpg_demo_secret ${sent}`)
    const [{ attempts }] = await rows(box, '/callbacks')
    const { answer, headers } = attempts[0]
    expect(answer).toContain('(hidden)')
    const signature = Object.entries(headers as Record<string, string>).find(([name]) => /sign/i.test(name))![1]
    for (const word of [secret, signature.slice(-24), 'abcdefgh', 'cpg_demo_s']) expect(answer).not.toContain(word)
    expect(JSON.stringify((await ask(box, 'GET', '/snapshot')).json.tables.callback_requests)).not.toContain(secret)
  })

  test('sandgate.callbacks.answer: a snapshot and a directory keep it', async () => {
    const { box } = await told('not today')
    const snapshot = (await ask(box, 'GET', '/snapshot')).text
    const data = mkdtempSync(join(tmpdir(), 'sandgate-told-'))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const other = await start({ data })
    expect((await ask(other, 'PUT', '/snapshot', snapshot)).status).toBe(204)
    expect((await rows(other, '/callbacks'))[0].attempts[0]).toMatchObject({ status: 500, answer: 'not today' })
    await other.sandbox.close()
    const again = await start({ data })
    expect((await rows(again, '/callbacks'))[0].attempts[0]).toMatchObject({ status: 500, answer: 'not today' })
  })
})

test('sandgate.deposits.required: how many confirmations a deposit needs stands beside how many it has', async () => {
  const box = await start()
  const to = await address(box)
  const sent = await ask(box, 'POST', '/deposits', { address: to, amount: '1' })
  const { required } = sent.json
  expect(required).toBeGreaterThan(1)
  expect(sent.json.confirmations).toBeLessThan(required)
  await ask(box, 'POST', '/clock/advance', { until: 'quiet' })
  expect(await rows(box, '/deposits')).toMatchObject([{ status: 'confirmed', required, confirmations: required }])
})

describe('sandgate.addresses.windows: an address tells', () => {
  test('until when it is shown and monitored, and from when a pool address may serve somebody else', async () => {
    const box = await start({ providers: { cpg: { windows: { display: '3h', monitoring: '5d', reuse: '6d' } } } })
    await address(box, { user_identifier: 'u' })
    await address(box, { user_identifier: undefined })
    const after = (hours: number) => new Date(Date.parse(START) + hours * 3_600_000).toISOString()
    const [sticky, pool] = await rows(box, '/addresses')
    expect(sticky.windows).toEqual({ display_until: after(3) })
    expect(pool.windows).toEqual({
      display_until: after(3),
      monitored_until: after(6 * 24),
      reuse_from: after(6 * 24),
    })
    // What is told is what happens.
    await ask(box, 'POST', '/clock/advance', { to: pool.windows.reuse_from })
    expect(await address(box, { user_identifier: undefined })).toBe(pool.address)
  })

  test('nothing where the provider has no such window', async () => {
    const box = await start()
    await box.call(payward, payward.good.createDepositAddress!())
    expect((await rows(box, '/addresses')).map(({ windows }) => windows)).toEqual([{}])
  })
})

describe('sandgate.worlds.usage: a world tells', () => {
  test('how often it was called, when it was used last, and when it goes', async () => {
    const up = { ms: 0 }
    const box = await start({ limits: { worldIdle: '2h' }, uptime: () => up.ms })
    await ask(box, 'POST', '/worlds', { id: 'a' })
    const world = async (id: string) => (await rows(box, '/worlds')).find((row) => row.id === id)
    const wall = (ms: number) => new Date(box.wallMs + ms).toISOString()
    expect(await world('a')).toMatchObject({ calls: 0, used_at: wall(0), goes_at: wall(2 * 3_600_000) })
    up.ms += 60_000
    expect(await world('a')).toMatchObject({ used_at: wall(-60_000), goes_at: wall(119 * 60_000) })
    const { headers, body } = cpg.sign(allocation({}), box.wallMs)
    await box.raw('POST', '/w/a/cpg/v1/deposit-addresses', headers, body)
    await box.raw('GET', '/w/a/cpg/v1/nothing')
    expect(await world('a')).toMatchObject({ calls: 2, used_at: wall(0), goes_at: wall(2 * 3_600_000) })
    await ask(box, 'DELETE', '/journal', undefined, { world: 'a' })
    expect((await world('a')).calls).toBe(2)
    expect(await world('default')).toMatchObject({ calls: 0, goes_at: null })
    // Something happens in it by itself.
    const [{ address: to }] = await rows(box, '/addresses', 'a')
    await ask(box, 'POST', '/deposits', { address: to, amount: '1', after: '4h' }, { world: 'a' })
    await ask(box, 'PATCH', '/clock', { mode: 'running' }, { world: 'a' })
    expect((await world('a')).goes_at).toBe(null)
    await ask(box, 'POST', '/reset', {}, { world: 'a' })
    expect((await world('a')).calls).toBe(0)
  })
})
