// Case files that somebody else wrote, cut or bent: each is played, or refused in one sentence with the place. Nothing in a file is a bug of ours.
import { readFileSync, truncateSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { shapeOf } from '../src/casefile/compare.ts'
import { type RecordedCall, readRecording, type Recording, type Shape, Unusable } from '../src/casefile/format.ts'
import type { Provider } from '../src/provider.ts'
import { minimise, Replay, report, reportAll, summary } from '../src/casefile/replay.ts'
import { findProviders, Sandbox } from '../src/app.ts'
import { client as alphapo } from './clients/alphapo.ts'
import { allocation, client as cpg, clientOf as cpgAs } from './clients/cpg.ts'
import { client as payward } from './clients/payward.ts'
import { client as zopay, post } from './clients/zopay.ts'
import { commandLine } from './command-line.ts'
import { Inbox, type Kit, start } from './kit.ts'

let providers: Map<string, Provider>
beforeAll(async () => {
  providers = await findProviders()
})

async function recorded(box: Kit): Promise<any> {
  const { status, text } = await box.control('GET', '/recording')
  expect(status, text).toBe(200)
  return JSON.parse(text)
}

/** A recording with every kind of step in it, and with overlaps. */
async function session(): Promise<any> {
  const going: (() => void)[] = []
  const box = await start({
    pause: () => new Promise((go) => going.push(go)),
    callbacks: { payward: { url: 'http://127.0.0.1:9/hooks' } },
    providers: {
      cpg: {
        accounts: {
          demo: {
            keys: [{ id: 'cpg_demo_key', secret: 'cpg_demo_secret' }],
            currencies: [{ currency: 'USDT', network: 'ETH' }],
          },
        },
      },
    },
  })
  const inbox = await Inbox.open()
  inbox.answers = (_, index) => ({ status: index % 2 === 0 ? 500 : 200 })
  await box.subscribe('cpg', inbox)
  await box.control('PUT', '/scenario?reset=true', {
    name: 'slow',
    rules: [
      {
        when: { provider: 'cpg', operation: 'createDepositAddress', nth: 2, headers: { 'x-none': '/a|b/' } },
        then: [{ respond: { error: 'unavailable' } }],
      },
      { when: { provider: 'zopay', nth: 1 }, then: [{ delay: { min: '1s', max: '2s' } }] },
    ],
    timeline: [
      { at: '1h', do: { outage: { provider: 'cpg', for: '1h' } } },
      { at: '2h', do: { callbacks: { provider: 'cpg', how: 'pause' } } },
    ],
  })
  await box.control('PUT', '/callbacks/endpoints/cpg', { url: inbox.url })
  const create = () => box.call(zopay, post('/addresses', { asset: 'USDT', network: 'solana' }, 'same'))
  const slow = [create(), create()]
  await expect.poll(() => box.sandbox.engine.inFlight.underWay(box.world).length).toBe(2)
  await box.control('POST', '/faults', { when: { provider: 'alphapo' }, then: [{ delay: '5s' }] })
  const made = await box.call(cpg, allocation({ user_identifier: 'user_1' }))
  await box.deposit(made.json.data.address, '100', { confirmations: 'instant' })
  going[0]!()
  await Promise.all(slow)
  await box.call(cpgAs({ key: 'cpg_demo_key', secret: 'wrong' }), allocation({}))
  await box.call(payward, payward.good.createDepositAddress!())
  const never = box.call(alphapo, alphapo.good.takeAddress!())
  await expect.poll(() => going.length).toBe(2)
  await box.control('DELETE', '/faults')
  await box.advance('30m')
  const recording = await recorded(box)
  going[1]!()
  await never
  await box.sandbox.close()
  return recording
}

/** Plays a file as the command line does: what is thrown is a sentence about the file, what differs is no bug. */
async function outcome(text: string): Promise<string> {
  try {
    const recording = readRecording(text)
    const played = await new Replay(recording, providers).play(Infinity, true)
    const bugs = played.differences.flatMap(({ bug }) => bug ?? [])
    expect(bugs).toEqual([])
    if (played.differs) await minimise(recording, providers)
    return played.differs ? reportAll(played) : summary(played, recording)
  } catch (error) {
    if (!(error instanceof Unusable)) throw error
    return `refused: ${error.message}`
  }
}

type Node = { readonly holder: any; readonly name: string | number }

/** Every place in a value. */
function nodesOf(value: any): Node[] {
  if (typeof value !== 'object' || value === null) return []
  const names = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return names.flatMap((name) => [{ holder: value, name }, ...nodesOf(value[name])])
}

const anyBend = fc.record({
  at: fc.nat(),
  how: fc.oneof(
    fc.constantFrom<readonly unknown[]>(['delete'], ['twice'], ['array'], ['next'], ['swap']),
    fc.tuple(
      fc.constant('set'),
      fc.constantFrom<unknown>(
        null,
        '',
        '__proto__',
        'constructor',
        0,
        -1,
        1e308,
        9007199254740991,
        1e11,
        true,
        [],
        {},
        [[]],
        { a: { b: 1 } },
        'x'.repeat(300),
        '2026-02-30T00:00:00Z',
        '9999-12-31T23:59:59Z',
        '2026-05-16T19:00:00.000Z',
        '%',
        '/../%zz',
        'cpg',
        'POST',
        'reset',
        'advanceClock',
        '{{hidden}}',
        '[1',
        'http://',
      ),
    ),
    fc.tuple(fc.constant('key'), fc.constantFrom('__proto__', 'constructor', 'toString', 'nobody', '')),
  ),
})

function bend(recording: any, { at, how: [how, value] }: { at: number; how: readonly unknown[] }): void {
  const nodes = nodesOf(recording)
  const { holder, name } = nodes[at % nodes.length]!
  if (how === 'delete') {
    if (Array.isArray(holder)) holder.splice(Number(name), 1)
    else delete holder[name]
  } else if (how === 'twice') {
    if (Array.isArray(holder)) holder.splice(Number(name), 0, structuredClone(holder[Number(name)]))
    else holder[`${name}2`] = holder[name]
  } else if (how === 'array') holder[name] = [holder[name]]
  else if (how === 'next') holder[name] = structuredClone(nodes[(at + 7) % nodes.length]!.holder)
  else if (how === 'swap')
    [holder[name], holder[Object.keys(holder)[0]!]] = [holder[Object.keys(holder)[0]!], holder[name]]
  else if (how === 'set') holder[name] = value
  else
    Object.defineProperty(
      typeof holder[name] === 'object' && holder[name] !== null ? holder[name] : holder,
      String(value),
      { value: holder[name], enumerable: true, configurable: true, writable: true },
    )
}

describe('a file that was bent', () => {
  test(
    'sandgate.replay.files: wherever it was changed, it is played or refused in one sentence, and never a bug',
    { timeout: 300_000 },
    async () => {
      const good = JSON.stringify(await session())
      expect(await outcome(good)).toContain('every answer is equal')
      await fc.assert(
        fc.asyncProperty(fc.array(anyBend, { minLength: 1, maxLength: 3 }), async (bends) => {
          const bent = JSON.parse(good)
          for (const each of bends) {
            try {
              bend(bent, each)
            } catch {
              // A value in a circle, or one that cannot be set, is no other file.
            }
          }
          let text: string
          try {
            text = JSON.stringify(bent)
          } catch {
            return
          }
          const told = await outcome(text)
          expect(told).not.toMatch(/\bbug\b|undefined|\[object|TypeError|RangeError|is not a function/)
          if (told.startsWith('refused')) expect(told).not.toContain('\n')
        }),
        {
          numRuns: Number(process.env.BENDS ?? 150),
          seed: Number(process.env.BENDS_SEED ?? 4_2028),
          verbose: fc.VerbosityLevel.Verbose,
          endOnFailure: true,
        },
      )
    },
  )
})

const START = '2026-01-01T00:00:00Z'
const EMPTY = {
  sandgate: 'recording',
  format: 1,
  version: '0',
  contracts: {},
  seed: 's',
  clock: { start: START, mode: 'frozen' },
  settings: {},
  callbacks: {},
  limits: {},
  strict: false,
  assume: {},
  journal: [],
  end: { entry: 0, at: START },
}
const CALL = {
  kind: 'call',
  entry: 1,
  at: START,
  wall: START,
  provider: 'cpg',
  method: 'GET',
  path: '/v1/_ping',
  origin: 'http://localhost',
  ip: '127.0.0.1',
  headers: {},
  answer: { status: 200, headers: {} },
}
const DEED = {
  kind: 'control',
  entry: 1,
  at: START,
  operation: 'sendDeposit',
  params: {},
  query: {},
  body: { address: 'x', amount: '1' },
}
const ATTEMPT = {
  kind: 'callback',
  entry: 2,
  at: START,
  provider: 'cpg',
  delivery: 'cb_1',
  event: 'deposit.detected',
  attempt: 1,
  status: 200,
  error: null,
}
const STORY = { stories: [], rules: [], timeline: [] }

describe('a file that asks for what cannot be', () => {
  const of = (...journal: object[]) => ({ ...EMPTY, journal })
  test.each<[string, object, string]>([
    [
      'receivers of a provider there is not',
      { ...EMPTY, callbacks: { nobody: { url: 'http://127.0.0.1:9' } } },
      'callbacks: Unrecognized key: "nobody"',
    ],
    ['a receiver that is no URL', { ...EMPTY, callbacks: { cpg: { url: 'over there' } } }, 'callbacks.cpg.url'],
    [
      'an account there is not',
      { ...EMPTY, callbacks: { cpg: { url: 'http://127.0.0.1:9', account: 'nobody' } } },
      'callbacks: account',
    ],
    [
      'settings of a provider there is not',
      { ...EMPTY, settings: { nobody: {} } },
      'settings: Unrecognized key: "nobody"',
    ],
    ['a switch there is not', { ...EMPTY, assume: { 'cpg.nothing': 'x' } }, 'assume: Unrecognized key'],
    [
      'a provider there is not',
      of({ ...CALL, provider: 'cgp' }),
      'journal.0.provider: this version has no provider "cgp"; there are alphapo, cpg, payward, zopay; did you mean cpg?',
    ],
    [
      'a header that comes several times',
      of({ ...CALL, headers: { 'content-type': ['application/json'] } }),
      'journal.0.headers.content-type: expected a text',
    ],
    [
      'an operation __proto__',
      of({ ...DEED, operation: '__proto__' }),
      'journal.0: operation: no control call "__proto__" changes a world',
    ],
    [
      'a control call that is not played',
      of({ ...DEED, operation: 'reset' }),
      'no control call "reset" changes a world',
    ],
    [
      'a nested body of a control call',
      of({ ...DEED, body: { address: { of: ['somebody'] }, amount: '1' } }),
      'journal.0: body address must be string',
    ],
    ['a body that is missing', of({ ...DEED, body: undefined }), 'journal.0: body is required'],
    ['a query that is nested', of({ ...DEED, query: { a: { b: 1 } } }), 'journal.0: query.a: expected a text'],
    [
      'a fault that is no text',
      of({ ...DEED, operation: 'armFault', body: { when: {} } }),
      'journal.0: body: expected YAML or JSON as one text',
    ],
    [
      'a scenario of another shape',
      of({ ...DEED, operation: 'loadScenario', body: { rules: 3 } }),
      'journal.0.body.stories: is missing',
    ],
    [
      'a rule that answers what there is not',
      of({
        ...DEED,
        operation: 'loadScenario',
        body: {
          ...STORY,
          rules: [{ id: 'a', source: 's', when: {}, then: [], written: [{ respond: { error: 'toString' } }] }],
        },
      }),
      'journal.0.body.rules.0',
    ],
    [
      'a step of a provider there is not',
      of({
        ...DEED,
        operation: 'loadScenario',
        body: {
          ...STORY,
          timeline: [
            {
              id: 'a',
              source: 's',
              atMs: 0,
              do: {},
              written: { at: '1h', do: { callbacks: { provider: 'nobody', how: 'pause' } } },
            },
          ],
        },
      }),
      'journal.0.body.timeline.0',
    ],
    [
      'a check there is not',
      of({ ...CALL, refused: { gate: 'toString', name: 'unauthorized' } }),
      'journal.0.refused.gate',
    ],
    [
      'a refusal there is not',
      of({ ...CALL, refused: { gate: 'verifySignature', name: 'constructor' } }),
      'journal.0.refused.',
    ],
    ['two calls of one entry', of(CALL, CALL), 'journal.1.entry: 1 is the entry of journal.0 too'],
    ['a number beyond all numbers', of({ ...CALL, entry: 9007199254740991 }), 'journal.0.entry'],
    ['an instant beyond all years', of({ ...CALL, at: '+275760-09-13T00:00:00Z' }), 'journal.0.at'],
    ['an instant of no zone', of({ ...CALL, at: '2026-01-01' }), 'journal.0.at: expected an ISO 8601 instant'],
    ['a call that comes after its answer', of({ ...CALL, began: { entry: 7, at: START } }), 'journal.0.began'],
    [
      'an attempt that ends before it begins',
      of({ ...ATTEMPT, ended: { entry: 1, at: START } }),
      'journal.0.ended.entry',
    ],
  ])('sandgate.replay.files: %s', (_, file, told) => {
    const text = JSON.stringify(file)
    expect(() => new Replay(readRecording(text), providers)).toThrow(Unusable)
    expect(() => new Replay(readRecording(text), providers)).toThrow(told)
  })

  test('contracts of documents that are not here have changed, and nothing is read for them', async () => {
    const recording = readRecording(JSON.stringify({ ...EMPTY, contracts: { '../../package': 'x', cpg: 'y' } }))
    expect(summary(await new Replay(recording, providers).play(), recording)).toContain(
      'the documents of ../../package, cpg have changed',
    )
  })

  test('what the file holds and nobody was told is left, and counted', async () => {
    const recording = readRecording(
      JSON.stringify({ ...EMPTY, journal: [DEED, ATTEMPT], end: { entry: 2, at: START } }),
    )
    const played = await new Replay(recording, providers).play()
    expect(played.left).toEqual([1, 2])
    expect(summary(played, recording)).toContain('had no place for the entries 1, 2')
  })

  test('numbers far apart cost nothing, and each entry is found by its own', async () => {
    const box = await start()
    await box.call(cpg, allocation({}))
    const recording = await recorded(box)
    recording.journal[0].entry = 1e12 - 1
    const replay = new Replay(readRecording(JSON.stringify(recording)), providers)
    await replay.play()
    expect(replay.world.journal.get(1e12 - 1)).toMatchObject({ kind: 'call', status: 200 })
    expect(replay.world.journal.get(7)).toBeUndefined()
  })
})

describe('what comes of a replay', () => {
  const calls = ({ journal }: Recording) => journal.filter((step): step is RecordedCall => step.kind === 'call')

  test('sandgate.recording.hints: the hint of a refused signature is in the recording, in the journal of its replay, and told', async () => {
    const box = await start()
    const signed = cpg.sign(allocation({ user_identifier: 'a' }), box.wallMs)
    const reply = await box.send('cpg', { ...signed, body: JSON.stringify(JSON.parse(signed.body!), null, 2) })
    const hint = reply.headers['x-sandgate-hint']!
    expect([reply.status, hint]).toEqual([401, expect.stringContaining('re-serialised')])
    await box.call(zopay, { method: 'GET', path: '/connect/v1/balances', headers: {} })
    const recording = readRecording(JSON.stringify(await recorded(box)))
    expect(calls(recording).map(({ refused }) => refused?.hint)).toEqual([hint, undefined])
    const replay = new Replay(recording, providers)
    const played = await replay.play()
    expect(summary(played, recording)).toContain(`entry 1: ${hint}.`)
    const served = new Sandbox(replay.engine, {})
    const url = await served.listen()
    const entry: any = await (await fetch(`${url}/_sandgate/journal/1`)).json()
    await served.close()
    expect(entry).toMatchObject({ status: 401, refusal: 'bad_signature', hint })
    calls(recording)[0]!.answer.status = 403
    const { differs, ...more } = await new Replay(recording, providers).play()
    expect(report(differs!, { differs, ...more })).toContain(`  hint:     ${hint}`)
  })

  test('a refused call without a hint in its file is given none: nobody could know', async () => {
    const box = await start()
    await box.call(cpgAs({ key: 'cpg_demo_key', secret: 'wrong' }), allocation({}))
    const recording = await recorded(box)
    delete recording.journal[0].refused.hint
    const replay = new Replay(readRecording(JSON.stringify(recording)), providers)
    await replay.play()
    expect(replay.world.journal.get(1)).not.toHaveProperty('hint')
  })

  test('all differences, and how many there are', async () => {
    const box = await start()
    for (const user of ['a', 'b', 'c', 'd']) await box.call(cpg, allocation({ user_identifier: user }))
    const recording = readRecording(JSON.stringify(await recorded(box)))
    for (const index of [1, 3]) calls(recording)[index]!.answer.status = 418
    expect((await new Replay(recording, providers).play()).differences).toHaveLength(1)
    const told = reportAll(await new Replay(recording, providers).play(Infinity, true))
    expect(told.match(/^entry \d+ differs/gm)).toEqual(['entry 2 differs', 'entry 4 differs'])
    expect(told).toMatch(/\n2 of 4 calls differ\.$/)
  })

  test('sandgate.minimise.cause: a call that differs because its key was used before keeps the call that used it', async () => {
    const box = await start()
    const under = (idempotency_key: string, network: string) =>
      allocation({ user_identifier: undefined, network, idempotency_key })
    for (let i = 0; i < 12; i++) await box.call(cpg, under(`key-${i}`, 'ETH'))
    await box.call(cpg, under('key-3', 'BSC'))
    const recording = readRecording(JSON.stringify(await recorded(box)))
    // As an import has it: the real provider said no.
    const last = calls(recording).at(-1)!
    for (const call of calls(recording)) {
      const drawn = Object.entries(JSON.parse(call.answer.body!).data)
        .flatMap(([name, value]) => [[`$.data.${name}`, shapeOf(name, value)] as const])
        .filter(([, shape]) => shape !== undefined)
      call.compare = { headers: ['content-type'], fields: Object.fromEntries(drawn) as Record<string, Shape> }
    }
    last.answer = { status: 409, headers: { 'content-type': 'application/json' }, body: '{"success":false}' }
    const { recording: smaller, differs } = await minimise(recording, providers)
    expect(differs).toMatchObject({ where: 'status', expected: 409, got: 200 })
    expect(differs.rules.now).toContain('cpg.idempotency.original')
    expect(calls(smaller).map(({ entry }) => entry)).toEqual([4, last.entry])
    expect((await new Replay(smaller, providers).play()).differs?.rules.now).toContain('cpg.idempotency.original')
  })

  test('HTTP/1.0 without a Host header: the call was made to where the connection led', async () => {
    const box = await start()
    const { hostname, port, host } = new URL(box.url)
    const socket = connect(Number(port), hostname)
    let answered = ''
    socket.on('data', (chunk) => (answered += chunk)).write('GET /zopay/connect/v1/addresses/ HTTP/1.0\r\n\r\n')
    await new Promise((resolve) => socket.once('close', resolve))
    const recording = readRecording(JSON.stringify(await recorded(box)))
    expect(calls(recording)[0]).toMatchObject({ origin: `http://${host}`, headers: {} })
    expect(answered).not.toContain('undefined')
    expect((await new Replay(recording, providers).play()).differs).toBeUndefined()
  })

  test('sandgate.recording.bounds: control calls are kept up to a bound of bytes, and let go when no recording can be whole any more', async () => {
    const box = await start({ limits: { journalBytes: 10_000_000 } })
    const large = JSON.stringify({
      name: 'large',
      rules: [
        { when: { body: { user_identifier: 'y'.repeat(1_000_000) } }, then: [{ respond: { error: 'unavailable' } }] },
      ],
    })
    const put = async () =>
      expect((await box.raw('PUT', '/_sandgate/scenario', { 'content-type': 'application/json' }, large)).status).toBe(
        200,
      )
    for (let sent = 0; sent < 9; sent++) await put()
    expect(box.sandbox.engine.recorder.of(box.world).calls.size).toBe(9)
    expect((await box.control('GET', '/recording')).status).toBe(200)
    await put()
    expect(box.sandbox.engine.recorder.of(box.world).calls.size).toBe(0)
    expect((await box.control('GET', '/recording')).json.detail).toContain(
      'more than 10000000 bytes in their bodies (limits.journalEntries, limits.journalBytes)',
    )
    await box.control('POST', '/reset')
    await put()
    expect(box.sandbox.engine.recorder.of(box.world).calls.size).toBe(1)
    await box.control('DELETE', '/journal')
    expect(box.sandbox.engine.recorder.of(box.world).calls.size).toBe(0)
    expect((await box.control('GET', '/recording')).json.detail).toContain('was emptied')
  })
})

describe('the command line', () => {
  const { folder, run, inFile } = commandLine()

  test('sandgate.replay.order: a call that waits for one that never ends: status 1, and why', async () => {
    const going: (() => void)[] = []
    const box = await start({ pause: () => new Promise((go) => going.push(go)) })
    await box.control('POST', '/faults', { when: { nth: 1 }, then: [{ delay: '2s' }] })
    const create = () => box.call(zopay, post('/addresses', { asset: 'USDT', network: 'solana' }, 'same'))
    const both = [create(), create()]
    await expect.poll(() => box.sandbox.engine.inFlight.underWay(box.world).length).toBe(2)
    going[0]!()
    await Promise.all(both)
    const recording = await recorded(box)
    expect(run('replay', inFile('overlap.json', JSON.stringify(recording)))).toMatchObject({ status: 0, stderr: '' })
    expect(run('minimise', 'overlap.json')).toMatchObject({
      status: 2,
      stderr: 'sandgate: overlap.json: every answer is equal to the recorded one: there is no difference to keep\n',
    })
    for (const step of recording.journal) {
      delete step.resumed
      if (step.began?.entry < step.entry) delete step.began.order
      else delete step.began
    }
    const older = run('replay', inFile('older.json', JSON.stringify(recording)))
    expect(older.status).toBe(1)
    expect(older.stdout).toMatch(/^entry \d+ differs/)
    expect(run('replay', 'older.json', '--all')).toMatchObject({ status: 1, stderr: '' })
    expect(run('minimise', 'older.json')).toMatchObject({ status: 0, stderr: '' })
    expect(readRecording(readFileSync(join(folder, 'older.min.json'))).journal.length).toBeGreaterThan(0)
  })

  test.each<[string, (folder: string) => void, string]>([
    [
      'more values than there is room for',
      () => inFile('bad.json', `[${'[],'.repeat(5_000_001)}1]`),
      'it has more than 5000000 values',
    ],
    [
      'nested deeper than the stack',
      () => inFile('bad.json', '['.repeat(2_000_000)),
      'it is nested deeper than 1000 levels (byte 1000)',
    ],
    [
      'larger than a case file may be',
      (folder) => (inFile('bad.json', ''), truncateSync(join(folder, 'bad.json'), 300 * 1024 * 1024)),
      'is larger than 256 MiB, the most that is read',
    ],
    ['UTF-16', () => inFile('bad.json', Buffer.from(`\ufeff${JSON.stringify(EMPTY)}`, 'utf16le')), 'it is in UTF-16'],
    [
      'a provider there is not',
      () => inFile('bad.json', JSON.stringify({ ...EMPTY, callbacks: { nobody: { url: 'http://127.0.0.1:9' } } })),
      'Unrecognized key: "nobody"',
    ],
  ])('sandgate.replay.files: exit 2 and one line: %s', (_, make, told) => {
    make(folder)
    for (const command of ['replay', 'minimise']) {
      const { status, stdout, stderr } = run(command, 'bad.json')
      expect([status, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(/^sandgate: bad\.json: [^\n]*\n$/)
      expect(stderr).toContain(told)
    }
  })

  test('a byte order mark is no part of a case file', () => {
    expect(run('replay', inFile('marked.json', `\ufeff${JSON.stringify(EMPTY)}`))).toMatchObject({
      status: 0,
      stderr: '',
    })
  })

  test('check reads no more of a file than a scenario may have', () => {
    inFile('huge.yaml', '')
    truncateSync(join(folder, 'huge.yaml'), 3 * 1024 ** 3)
    expect(run('check', '.').stderr).toBe('.: is a directory; name the files in it\n')
    expect(run('check', 'huge.yaml')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: 'huge.yaml: is larger than 1 MiB, the most that is read\n',
    })
  })
})
