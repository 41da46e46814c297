// `sandgate follow` beside a server that says what a test wants: lines, filters, lost connections, worlds that are others, and the end.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { lineOf } from '../../src/cli/event-lines.ts'
import { client } from '../clients/cpg.ts'
import { Running } from '../command-line.ts'
import { start } from '../kit.ts'
import { EventServer } from './event-server.ts'

const AT = '2026-05-16T20:00:00.000Z'
const WORLD = { id: 'default', seed: 'sandgate', version: '1.0.0', next_entry: 17 }
const CALL = {
  kind: 'call',
  at: AT,
  provider: 'cpg',
  operation: 'getCurrencies',
  method: 'GET',
  path: '/cpg/v1/currencies',
  status: 200,
  ms: 1.23,
  refused: false,
}

function following(url: string, ...args: string[]): Running {
  return new Running(['follow', '--url', url, ...args])
}

/** Resolves when stderr matches. */
async function complains(running: Running, pattern: RegExp): Promise<void> {
  while (!pattern.test(running.stderr)) await new Promise((resolve) => running.child.stderr.once('data', resolve))
}

test('sandgate.follow: every entry is a line, filters are asked for, the clock is silent, and SIGINT ends it with 0', async () => {
  const server = await EventServer.open()
  const filters = ['--provider', 'cpg', '--kind', 'call', '--status', '403', '--text', 'a b', '--refused']
  const running = following(server.url, ...filters, '--world', 'ci', '--control-token', 'abc')
  const stream = await server.connection()
  expect(stream.target).toBe('/w/ci/_sandgate/events?provider=cpg&kind=call&status=403&text=a+b&refused=true')
  expect(stream.authorization).toBe('Bearer abc')
  stream.tell('world', WORLD)
  stream.tell('clock', { now: AT, mode: 'frozen', due: 0, next: null })
  stream.tell('entry', { id: 17, ...CALL }, 17)
  stream.tell(
    'entry',
    { id: 18, ...CALL, status: 403, refused: true, refusal: 'forbidden', hint: 'the key lacks it', faults: 1 },
    18,
  )
  await running.says(/entry|403/)
  running.child.kill('SIGINT')
  const { status, stdout, stderr } = await running.ended
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toBe(
    '2026-05-16 20:00:00 17 cpg getCurrencies 200 1.2ms\n2026-05-16 20:00:00 18 cpg getCurrencies 403 1.2ms forbidden, 1 fault applied, hint: the key lacks it\n',
  )
})

test('sandgate.follow: a lost connection is told once, and it goes on behind the last entry, however often it is lost', async () => {
  const server = await EventServer.open()
  const running = following(server.url)
  const first = await server.connection()
  expect(first.target).toBe('/_sandgate/events')
  first.tell('world', WORLD)
  await new Promise((resolve) => first.answer.end(resolve))
  // Nothing was told yet: what came meanwhile is not to be missed.
  const second = await server.connection()
  expect(second.target).toBe('/_sandgate/events?after=16')
  second.tell('world', { ...WORLD, next_entry: 18 })
  second.tell('entry', { id: 17, ...CALL }, 17)
  await running.says(/ 17 cpg/)
  second.answer.destroy()
  const third = await server.connection()
  expect(third.target).toBe('/_sandgate/events?after=17')
  third.answer
    .writeHead(503, { 'content-type': 'application/problem+json' })
    .end('{"code":"storage_unavailable","detail":"not now"}')
  const fourth = await server.connection()
  fourth.tell('world', { ...WORLD, next_entry: 18 })
  fourth.tell('gap', { after: 17, next: 2034 })
  await running.says(/listJournal --after 17/)
  fourth.answer.destroy()
  expect((await server.connection()).target).toBe('/_sandgate/events?after=2033')
  await complains(running, /(no answer since [^]*){3}/)
  running.child.kill('SIGTERM')
  const { status, stdout, stderr } = await running.ended
  expect(status).toBe(0)
  expect(stdout.match(/ 17 cpg/g)).toHaveLength(1)
  expect(stdout).toContain('entries 18 to 2033 were not told;')
  const lines = stderr.trim().split('\n')
  expect(lines.map((line) => line.replace(/ \(.*\)$/, '').replace(/\d\d:\d\d:\d\d/, 'T'))).toEqual([
    'no answer since T, trying again',
    'it answers again',
    'no answer since T, trying again',
    'it answers again',
    'no answer since T, trying again',
  ])
})

test('sandgate.follow: entries of a world that is another one begin anew, whether it was told or happened meanwhile', async () => {
  const server = await EventServer.open()
  const running = following(server.url, '--after', '16')
  const first = await server.connection()
  expect(first.target).toBe('/_sandgate/events?after=16')
  first.tell('world', WORLD)
  first.tell('entry', { id: 17, ...CALL }, 17)
  first.tell('world', { ...WORLD, seed: 'other', next_entry: 1 })
  await running.says(/world default is another one now: its journal begins anew\n/)
  first.answer.destroy()
  const second = await server.connection()
  expect(second.target).toBe('/_sandgate/events?after=0')
  second.tell('world', { ...WORLD, next_entry: 6 })
  second.tell('entry', { id: 5, ...CALL }, 5)
  await running.says(/ 5 cpg/)
  second.answer.destroy()
  // A sandbox that was started again has entries that nobody was told.
  const third = await server.connection()
  expect(third.target).toBe('/_sandgate/events?after=5')
  third.tell('world', { ...WORLD, next_entry: 3 })
  const fourth = await server.connection()
  expect(fourth.target).toBe('/_sandgate/events?after=0')
  fourth.tell('world', { ...WORLD, next_entry: 3 })
  fourth.tell('entry', { id: 1, ...CALL }, 1)
  await running.says(/ 1 cpg/)
  expect(running.stdout.match(/is another one/g)).toHaveLength(2)
})

test('sandgate.follow: --json is an event a line, as it was told', async () => {
  const server = await EventServer.open()
  const running = following(server.url, '--json')
  const stream = await server.connection()
  stream.tell('world', WORLD)
  stream.tell('entry', { id: 17, ...CALL, summary: 'two\nlines' }, 17)
  stream.tell('amended', { id: 17, ...CALL })
  await running.says(/amended/)
  running.child.kill('SIGINT')
  const { stdout } = await running.ended
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { event: 'world', data: WORLD },
    { event: 'entry', id: 17, data: { id: 17, ...CALL, summary: 'two\nlines' } },
    { event: 'amended', data: { id: 17, ...CALL } },
  ])
})

test('sandgate.follow: refused is 1, later too where waiting mends nothing; nobody there, and no stream, is 2', async () => {
  const refusing = await EventServer.open()
  const refused = following(refusing.url)
  const no = '{"code":"world_not_found","detail":"there is no world"}'
  ;(await refusing.connection()).answer.writeHead(404).end(no)
  expect(await refused.ended).toEqual({
    status: 1,
    stdout: '',
    stderr: 'sandgate: there is no world (world_not_found)\n',
  })

  const later = following(refusing.url)
  const begun = await refusing.connection()
  begun.tell('world', WORLD)
  await new Promise((resolve) => begun.answer.end(resolve))
  ;(await refusing.connection()).answer.writeHead(401).end('{"code":"unauthorized","detail":"a token"}')
  expect(await later.ended).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/sandgate: a token \(unauthorized\)\n$/),
  })

  expect(await following('http://127.0.0.1:1').ended).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('nothing listens there: start a sandbox with sandgate serve'),
  })
  const stranger = createServer((_, answer) => answer.end('<h1>It works</h1>')).listen(0, '127.0.0.1')
  await new Promise((resolve) => stranger.once('listening', resolve))
  onTestFinished(() => void stranger.close())
  expect(await following(`http://127.0.0.1:${(stranger.address() as AddressInfo).port}`).ended).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('did not answer as Sandgate: 200, which is no stream of events'),
  })
})

test('sandgate.follow: what each kind of entry looks like, in colour as in the log, with nothing that a terminal would obey', () => {
  const line = (entry: object, event = 'entry', colour = false) =>
    lineOf(
      { event, id: undefined, data: JSON.stringify({ id: 9, at: AT, provider: 'cpg', ...entry }) },
      'known',
      colour,
    )
  const callback = { kind: 'callback', event: 'deposit.swept', delivery: 'cb_1', attempt: 2 }
  expect(line(callback)).toBe('2026-05-16 20:00:00 9 cpg callback deposit.swept on its way attempt 2 cb_1')
  expect(line({ ...callback, status: 500, error: 'answered 500' }, 'amended')).toBe(
    '2026-05-16 20:00:00 9 now: cpg callback deposit.swept 500 attempt 2 cb_1 answered 500',
  )
  expect(line({ ...callback, status: null, error: 'refused' })).toContain('unanswered attempt 2 cb_1 refused')
  expect(line({ kind: 'timer', summary: 'dep_1 is seen' })).toBe('2026-05-16 20:00:00 9 cpg dep_1 is seen')
  expect(line({ kind: 'fault', summary: 'a.1 was applied' })).toContain('9 cpg fault: a.1 was applied')
  expect(line({ kind: 'control', provider: undefined, summary: 'the clock was moved' })).toContain(
    '9 the clock was moved',
  )
  expect(line({ kind: 'call', method: 'GET', path: '/x\u001b[2J', idempotency: 'replayed' })).toBe(
    '2026-05-16 20:00:00 9 cpg GET /x\\u001b[2J cut replayed',
  )
  expect(line({ ...CALL, status: 503 }, 'entry', true)).toContain('\u001b[31m9 cpg getCurrencies 503')
  expect(line({ ...CALL, status: 404 }, 'entry', true)).toContain('\u001b[33m9 cpg')
  expect(line({ ...CALL }, 'entry', true)).not.toContain('\u001b')
  expect(line({ gone: true, id: 'ci' }, 'world')).toBe('world ci is gone')
  expect(line({ ...CALL, at: 7, hint: {} })).toMatch(/^entry: \{"id":9,"at":7/)
  expect(lineOf({ event: 'entry', id: '1', data: 'no JSON' }, 'known', false)).toBeUndefined()
})

test('sandgate.follow: a sandbox is followed through calls, an emptied journal and a reset', async () => {
  const box = await start()
  const running = following(box.url, '--after', '0')
  await box.call(client, { method: 'GET', path: '/v1/currencies' })
  await running.says(/^2026-05-16 19:00:00 1 cpg listCurrencies 200[^\n]*\n/)
  await box.control('DELETE', '/journal')
  await running.says(/the journal of world default was emptied; its ids continue\n/)
  await box.control('POST', '/reset')
  await running.says(/world default is another one now: its journal begins anew\n/)
  await box.call(client, { method: 'GET', path: '/v1/currencies' })
  await running.says(/begins anew\n[^]* cpg listCurrencies 200/)
  running.child.kill('SIGINT')
  const { status, stdout, stderr } = await running.ended
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).not.toContain('cpg_demo')
})
