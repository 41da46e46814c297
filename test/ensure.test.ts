// `PUT /w/{id}/_sandgate`: makes the world of its path, or finds it when it was made from the same wish.
import { createServer } from 'node:http'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectSandbox } from '../src/library/index.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { type Kit, type Reply, start, START } from './kit.ts'

const SCENARIO = { name: 'slow', rules: [{ when: { provider: 'cpg' }, then: [{ delay: '1ms' }] }] }
const SWITCH = { 'alphapo.take.repeat': 'same-address' }

function put(box: Kit, id: string, body?: unknown): Promise<Reply> {
  return box.raw(
    'PUT',
    `/w/${id}/_sandgate`,
    body === undefined ? {} : { 'content-type': 'application/json' },
    body === undefined ? undefined : JSON.stringify(body),
  )
}

function post(box: Kit, body: unknown): Promise<Reply> {
  return box.control('POST', '/worlds', body)
}

async function ids(box: Kit): Promise<string[]> {
  return (await box.control('GET', '/worlds')).json.data.map(({ id }: any) => id)
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sandgate-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

describe('made, then found', () => {
  test('sandgate.worlds.ensure: made is 201, found is 200, and both answer the row of POST worlds', async () => {
    // The row tells when the world was used last.
    const box = await start({ uptime: () => 0 })
    const made = await put(box, 'ci-1', { seed: 's', clock: '2027-01-01T00:00:00Z' })
    const other = await post(box, { id: 'ci-2', seed: 's', clock: '2027-01-01T00:00:00Z' })
    expect([made.status, other.status]).toEqual([201, 201])
    expect(JSON.parse(made.text.replaceAll('ci-1', 'ci-2'))).toEqual(other.json)
    const found = await put(box, 'ci-1', { seed: 's', clock: '2027-01-01T00:00:00Z' })
    expect([found.status, found.json]).toEqual([200, made.json])
    expect(await ids(box)).toEqual(['default', 'ci-1', 'ci-2'])
  })

  test('sandgate.worlds.ensure: a found world keeps what was done in it', async () => {
    const box = await start()
    await put(box, 'ci')
    box.passWall(1000)
    const signed = cpg.sign(allocation({}), box.wallMs)
    expect((await box.raw(signed.method, `/w/ci/cpg${signed.path}`, signed.headers, signed.body)).status).toBe(200)
    expect(await put(box, 'ci', {})).toMatchObject({ status: 200, json: { calls: 1 } })
  })

  test('a world may be named by the host as well', async () => {
    const box = await start()
    const reply = await box.raw('PUT', '/_sandgate', { host: 'cpg.by-host.localhost' })
    expect([reply.status, reply.json.id]).toEqual([201, 'by-host'])
  })

  test('two at once: one makes it, the others find it', async () => {
    const box = await start({ data: folder() })
    const replies = await Promise.all(Array.from({ length: 8 }, () => put(box, 'ci', { scenario: SCENARIO })))
    expect(replies.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 7 }, () => 200), 201])
    expect(await box.raw('GET', '/w/ci/_sandgate/scenario')).toMatchObject({ status: 200, json: { name: 'slow' } })
  })

  test.each([
    ['the same instant', { clock: '2027-01-01T00:00:00Z' }, { clock: '2027-01-01T00:00:00.000Z' }],
    ['switches in another order, and none', { assume: {} }, {}],
    ['a scenario with other white space', { scenario: SCENARIO }, { scenario: SCENARIO }],
  ])('%s is the same wish, however it was written', async (_, first, second) => {
    const box = await start()
    expect((await put(box, 'ci', first)).status).toBe(201)
    const text = JSON.stringify(second, null, 4)
    const again = await box.raw('PUT', '/w/ci/_sandgate', { 'content-type': 'application/json' }, text)
    expect([again.status, again.json?.detail]).toEqual([200, undefined])
  })

  test('the default world is there already, made from nothing but the start', async () => {
    const box = await start()
    expect(await box.raw('PUT', '/_sandgate')).toMatchObject({ status: 200, json: { id: 'default' } })
    expect(await put(box, 'default', {})).toMatchObject({ status: 200, json: { id: 'default' } })
    for (const wish of [{ seed: 'x' }, { clock: 'real' }, { scenario: SCENARIO }, { assume: SWITCH }])
      expect(await box.control('PUT', '', wish)).toMatchObject({
        status: 409,
        json: { code: 'world_exists', detail: expect.stringMatching(/PUT \/w\/\{id\}\/_sandgate$/) },
      })
  })
})

describe('another wish', () => {
  const FIRST = { seed: 'one', clock: '2027-01-01T00:00:00Z', assume: SWITCH, scenario: SCENARIO }

  test.each([
    [{ ...FIRST, seed: 'two' }, /made otherwise: seed was "one" and is asked to be "two"\. Ask for/],
    [{ ...FIRST, seed: undefined }, /: seed was "one" and is asked to be none\. /],
    [{ ...FIRST, clock: 'real' }, /: clock was "2027-01-01T00:00:00\.000Z" and is asked to be "real"\. /],
    [{ ...FIRST, assume: {} }, /: assume alphapo\.take\.repeat was "same-address" and is asked to be none\. /],
    [{ ...FIRST, scenario: { ...SCENARIO, name: 'other' } }, /: it was made with another scenario\. /],
    [{ ...FIRST, scenario: undefined }, /: it was made with a scenario, and is asked to have none\. /],
    [{}, /: seed .*; clock .*; assume .*; it was made with a scenario/],
  ])('sandgate.worlds.ensure: %o is refused with what differs', async (wish, told) => {
    const box = await start()
    expect((await put(box, 'ci', FIRST)).status).toBe(201)
    const { status, json, text } = await put(box, 'ci', wish)
    expect([status, json.code, json.detail]).toEqual([409, 'world_exists', expect.stringMatching(told)])
    expect(json.detail).toMatch(/, or delete it with DELETE \/_sandgate\/worlds\/ci$/)
    // A scenario is told by the fact alone.
    expect(text).not.toContain('delay')
    expect((await put(box, 'ci', FIRST)).status).toBe(200)
  })

  test('what is asked for is told in part, however long it is', async () => {
    const box = await start()
    await put(box, 'ci')
    const assume = Object.fromEntries(
      Array.from({ length: 99 }, (_, at) => [`${at}`.padEnd(5000, 'x'), 'y'.repeat(5000)]),
    )
    const reply = await put(box, 'ci', { assume })
    expect([reply.status, reply.text.length < 20_000]).toEqual([409, true])
  })

  test('sandgate.worlds.ensure: a world of POST worlds is found by the same wish, a fork by none', async () => {
    const box = await start()
    await post(box, { id: 'a', seed: 's', scenario: SCENARIO })
    expect((await put(box, 'a', { seed: 's', scenario: SCENARIO })).status).toBe(200)
    expect((await put(box, 'a', { seed: 's' })).status).toBe(409)
    await post(box, { id: 'b', from: 'a' })
    expect((await put(box, 'b', { seed: 's', scenario: SCENARIO })).json.detail).toMatch(
      /: from was "a" and is asked to be none; /,
    )
  })

  test('sandgate.worlds.ensure: a reset does not change what it was made from; deleted, it can be made from another', async () => {
    const box = await start()
    await put(box, 'ci', { seed: 'one' })
    await box.raw('POST', '/w/ci/_sandgate/reset', { 'content-type': 'application/json' }, '{"seed":"two"}')
    expect(await put(box, 'ci', { seed: 'one' })).toMatchObject({ status: 200, json: { seed: 'two' } })
    expect((await put(box, 'ci', { seed: 'two' })).status).toBe(409)
    await box.control('DELETE', '/worlds/ci')
    expect((await put(box, 'ci', { seed: 'two' })).status).toBe(201)
  })
})

describe('refused as POST worlds refuses it', () => {
  test.each([
    ['Upper', {}, 422, 'invalid_request'],
    ['-x', {}, 422, 'invalid_request'],
    ['x'.repeat(64), {}, 422, 'invalid_request'],
    ['a%2Fb', {}, 422, 'invalid_request'],
    ['a', { clock: 'soon' }, 422, 'invalid_request'],
    ['a', { colour: 'red' }, 422, 'invalid_request'],
    ['a', { id: 'a' }, 422, 'invalid_request'],
    ['a', { from: 'default' }, 422, 'invalid_request'],
    ['a', { seed: '' }, 422, 'invalid_request'],
    ['a', [], 422, 'invalid_request'],
    ['a', { assume: { 'alphapo.take.repeat': 'perhaps' } }, 422, 'invalid_request'],
    ['a', { scenario: 'rules: [{ whn: {} }]' }, 422, 'invalid_scenario'],
  ])('%s with %o: %i %s', async (id, body, status, code) => {
    const box = await start()
    const reply = await put(box, id, body)
    expect([reply.status, reply.json.code]).toEqual([status, code])
    expect(await ids(box)).toEqual(['default'])
  })

  test('too many worlds; one that is there is found all the same', async () => {
    const box = await start({ limits: { worlds: 2 } })
    expect((await put(box, 'a')).status).toBe(201)
    expect(await put(box, 'b')).toMatchObject({ status: 409, json: { code: 'too_many_worlds' } })
    expect((await put(box, 'a')).status).toBe(200)
  })

  test('who may not drive the sandbox makes no world', async () => {
    const box = await start({ controlToken: 'let-me-in' })
    expect((await put(box, 'a')).status).toBe(401)
    expect((await box.raw('PUT', '/w/a/_sandgate', { host: 'evil.example.com' })).status).toBe(403)
    expect(await box.raw('GET', '/w/a/_sandgate/clock', { authorization: 'Bearer let-me-in' })).toMatchObject({
      status: 404,
    })
  })
})

describe('kept', () => {
  test('sandgate.worlds.ensure: what a world was made from is known after a restart', async () => {
    const data = folder()
    const first = await start({ data })
    await put(first, 'ci', { seed: 'one', scenario: SCENARIO })
    await first.sandbox.close()
    const second = await start({ data })
    expect(await put(second, 'ci', { seed: 'one', scenario: SCENARIO })).toMatchObject({
      status: 200,
      json: { seed: 'one' },
    })
    expect((await put(second, 'ci', { seed: 'one' })).status).toBe(409)
  })

  test('a world that an earlier version stored is compared by seed, clock and switches', async () => {
    const data = folder()
    const first = await start({ data })
    await put(first, 'ci', { seed: 'one', clock: '2027-01-01T00:00:00Z', assume: SWITCH })
    await first.sandbox.close()
    expect(inRecords(join(data, 'worlds', 'ci'), '')).toBe(1)
    const box = await start({ data })
    expect((await put(box, 'ci', { seed: 'two' })).json.detail).toMatch(/seed was "one" .*; clock .*; assume/)
    expect((await put(box, 'ci', { seed: 'one', clock: '2027-01-01T00:00:00Z', assume: SWITCH })).status).toBe(200)
  })

  test('a world that is not served says why, and is not found', async () => {
    const data = folder()
    const first = await start({ data })
    await put(first, 'ci', { seed: 'one' })
    await first.sandbox.close()
    expect(inRecords(join(data, 'worlds', 'ci'), ',"wish":5')).toBe(1)
    const box = await start({ data, warn: () => undefined })
    expect(await put(box, 'ci', { seed: 'one' })).toMatchObject({
      status: 409,
      json: { code: 'world_stopped', detail: expect.stringMatching(/"ci" is not served: how it was made: wish: /) },
    })
  })
})

describe('connectSandbox', () => {
  async function connected(url: string) {
    const sandbox = await connectSandbox(url)
    onTestFinished(() => sandbox.close())
    return sandbox
  }

  test('sandgate.connect: jobs that ask for the same world get the same one, others are refused', async () => {
    const box = await start()
    const [one, two] = [await connected(box.url), await connected(box.url)]
    const wish = { seed: 's', clock: START }
    const address = await one.world('ci', wish).addresses()
    expect(await two.world('ci', wish).addresses()).toEqual(address)
    await expect(two.world('ci', { seed: 't' }).addresses()).rejects.toMatchObject({
      status: 409,
      code: 'world_exists',
      message: expect.stringMatching(/seed was "s".*reset/),
    })
    // Who wants nothing in particular takes what there is.
    expect(await (await connected(box.url)).world('ci').addresses()).toEqual([])
  })

  test.each([404, 405])('sandgate.connect: an older sandbox, which answers %i, makes it by POST', async (status) => {
    const box = await start()
    const old = createServer((req, res) => {
      if (req.method === 'PUT') return void res.writeHead(status, { 'content-type': 'text/plain' }).end('?')
      const chunks: Buffer[] = []
      req
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', async () => {
          const body = req.method === 'GET' ? undefined : Buffer.concat(chunks).toString()
          const reply = await box.raw(req.method!, req.url!, { 'content-type': 'application/json' }, body)
          res.writeHead(reply.status, { 'content-type': reply.headers['content-type'] }).end(reply.text)
        })
    })
    const address = await new Promise<any>((resolve) => old.listen(0, '127.0.0.1', () => resolve(old.address())))
    onTestFinished(() => (old.closeAllConnections(), void old.close()))
    const sandbox = await connected(`http://127.0.0.1:${address.port}`)
    expect(await sandbox.world('ci', { clock: '2027-01-01T00:00:00Z' }).clock.now()).toEqual(new Date('2027-01-01'))
    expect(await ids(box)).toEqual(['default', 'ci'])
  })

  test.each(['..', 'a/b', 'No'])('"%s" is no world, and no other path either', async (id) => {
    const box = await start()
    const sandbox = await connected(box.url)
    await expect(sandbox.world(id).clock.now()).rejects.toMatchObject({ status: 422, code: 'invalid_request' })
  })
})

/** Puts something in the place of the wish in the records of a stored world, each of which has its length and its checksum; answers how often it stood there. */
function inRecords(world: string, instead: string): number {
  let times = 0
  for (const name of readdirSync(world)) {
    const records = readFileSync(join(world, name), 'utf8').split('\n').slice(0, -1)
    const changed = records.map((record) => {
      const text = record.slice(18).replace(/,"wish":\{.*?\}(?=\},"settings")/, () => (times++, instead))
      const hex = (number: number) => number.toString(16).padStart(8, '0')
      return `${hex(Buffer.byteLength(text))} ${hex(crc32(text))} ${text}\n`
    })
    writeFileSync(join(world, name), changed.join(''))
  }
  return times
}
