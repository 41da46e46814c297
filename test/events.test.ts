// The live stream of a world, read as a client reads server-sent events: what is told, in which order, and what becomes of a client that is slow, that
// comes back, or whose world goes away.
import { get, type IncomingMessage } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { allocation, client } from './clients/cpg.ts'
import { type Kit, START, start } from './kit.ts'

interface ServerSentEvent {
  readonly event: string
  readonly id: number | undefined
  readonly data: any
}

/** A client of the stream, which waits for what it asks for and never for a time. */
class Follower {
  readonly seen: ServerSentEvent[] = []
  readonly #response: IncomingMessage
  #text = ''
  #wake: () => void = () => undefined
  ended = false

  constructor(response: IncomingMessage) {
    this.#response = response
    response.setEncoding('utf8')
    response.on('data', (text: string) => {
      this.#text += text
      const blocks = this.#text.split('\n\n')
      this.#text = blocks.pop()!
      for (const block of blocks) if (!block.startsWith(':')) this.seen.push(read(block))
      this.#wake()
    })
    response.on('close', () => {
      this.ended = true
      this.#wake()
    })
  }

  static async of(box: Kit, path = '', headers: Record<string, string> = {}): Promise<Follower> {
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      get(`${box.url}/_sandgate/events${path}`, { headers, agent: false }, resolve).on('error', reject),
    )
    onTestFinished(() => void response.destroy())
    expect(response.headers['content-type']).toContain('text/event-stream')
    return new Follower(response)
  }

  get headers() {
    return this.#response.headers
  }

  pause(): void {
    this.#response.pause()
  }

  close(): void {
    this.#response.destroy()
  }

  /** The events up to the first one that fits. */
  async until(fits: (event: ServerSentEvent) => boolean): Promise<ServerSentEvent[]> {
    for (;;) {
      const index = this.seen.findIndex(fits)
      if (index >= 0) return this.seen.slice(0, index + 1)
      if (this.ended) throw new Error(`the stream ended after ${JSON.stringify(this.seen)}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async end(): Promise<void> {
    while (!this.ended) await new Promise<void>((resolve) => (this.#wake = resolve))
  }
}

function read(block: string): ServerSentEvent {
  const fields = Object.fromEntries(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  return {
    event: fields.event!,
    id: fields.id === undefined ? undefined : Number(fields.id),
    data: JSON.parse(fields.data!),
  }
}

const entries = (events: readonly ServerSentEvent[]) => events.filter(({ event }) => event === 'entry')
const isEntry = (id: number) => (event: ServerSentEvent) => event.event === 'entry' && event.id === id

const post = (box: Kit, path: string, body: unknown = {}) =>
  box.raw('POST', `/_sandgate${path}`, { 'content-type': 'application/json' }, JSON.stringify(body))

describe('events', () => {
  test('sandgate.events.stream: the world and its clock first, then each entry once, as the journal has it', async () => {
    const box = await start({ clock: START })
    await box.call(client, allocation())
    const follower = await Follower.of(box)
    await follower.until(({ event }) => event === 'clock')
    const { json: made } = await box.call(client, allocation())
    await box.deposit(made.data.address, '5')
    await post(box, '/clock/advance', { by: '1h' })
    await box.send('cpg', { method: 'GET', path: '/nothing' })
    const journal = (await box.raw('GET', '/_sandgate/journal?view=brief&after=1&limit=1000')).json.data
    const seen = await follower.until(isEntry(journal.at(-1).id))
    expect(seen.slice(0, 2)).toMatchObject([
      { event: 'world', data: { id: 'default', seed: 'sandgate', next_entry: 2 } },
      { event: 'clock', data: { now: START, mode: 'frozen' } },
    ])
    expect(entries(seen).map(({ id }) => id)).toEqual(journal.map(({ id }: { id: number }) => id))
    expect(entries(seen).map(({ data: { ms: _, ...entry } }) => entry)).toEqual(
      journal.map(({ ms: _, ...entry }: { ms: number }) => entry),
    )
    const moved = await follower.until(({ event, data }) => event === 'clock' && data.now !== START)
    expect(moved.at(-1)!.data.now).toBe('2026-05-16T20:00:00.000Z')
  })

  test('sandgate.events.stream: a client that comes back misses nothing and sees nothing twice', async () => {
    const box = await start({ clock: START })
    const first = await Follower.of(box)
    await box.call(client, allocation())
    await box.call(client, allocation())
    const seen = entries(await first.until(isEntry(1)))
    first.close()
    await box.call(client, allocation())
    const second = await Follower.of(box, '', { 'last-event-id': String(seen.at(-1)!.id) })
    const rest = entries(await second.until(isEntry(3)))
    expect([...seen, ...rest].map(({ id }) => id)).toEqual([1, 2, 3])
    expect(first.seen.concat(second.seen).filter(({ event }) => event === 'gap')).toEqual([])
  })

  test('sandgate.events.stream: a callback is told when it is sent, and again when its answer is known', async () => {
    const box = await start({ clock: START })
    await box.raw(
      'PUT',
      '/_sandgate/callbacks/endpoints/cpg',
      { 'content-type': 'application/json' },
      JSON.stringify({ url: 'http://127.0.0.1:9/hook', secret: 'whsec-of-the-test' }),
    )
    const follower = await Follower.of(box, '?kind=callback')
    const { json } = await box.call(client, allocation())
    await box.deposit(json.data.address, '5')
    const seen = await follower.until(({ data }) => data.error != null)
    const { data } = seen.at(-1)!
    expect(data).toMatchObject({ kind: 'callback', delivery: expect.any(String), attempt: 1, status: null })
    expect(data.error).toBe('the connection was refused')
    expect(JSON.stringify(follower.seen)).not.toContain('whsec-of-the-test')
  })

  test('sandgate.events.stream: after a reset or an emptied journal a world event says that everything is new', async () => {
    const box = await start({ clock: START })
    const follower = await Follower.of(box)
    await box.call(client, allocation())
    await follower.until(isEntry(1))
    await box.raw('DELETE', '/_sandgate/journal')
    const worlds = () => follower.seen.filter(({ event }) => event === 'world')
    await follower.until(() => worlds().length === 2)
    await post(box, '/reset')
    await follower.until(() => worlds().length === 3)
    await box.call(client, allocation())
    await follower.until(
      () =>
        entries(follower.seen).some(({ data }) => data.kind === 'call' && data.id !== 1) ||
        entries(follower.seen).length > 1,
    )
    const [first, emptied, reset] = worlds().map(({ data }) => data)
    expect(emptied.journal).toBe(first.journal)
    expect(reset.journal).not.toBe(first.journal)
  })

  test('sandgate.events.stream: a world that is deleted is told to be gone, and told again when it is there again', async () => {
    const box = await start({ clock: START })
    await post(box, '/worlds', { id: 'ci' })
    const follower = await Follower.of({ url: `${box.url}/w/ci` } as Kit)
    await follower.until(({ event }) => event === 'clock')
    await box.raw('DELETE', '/_sandgate/worlds/ci')
    await follower.until(({ event, data }) => event === 'world' && data.gone === true)
    await post(box, '/worlds', { id: 'ci', seed: 'another' })
    const seen = await follower.until(({ event, data }) => event === 'world' && data.seed === 'another')
    expect(seen.at(-1)!.data.gone).toBeUndefined()
  })

  test('sandgate.events.gap: who asks for entries that the journal has no more is told of a gap', async () => {
    const box = await start({ clock: START, limits: { journalEntries: 3 } })
    for (let i = 0; i < 6; i++) await box.call(client, allocation())
    const follower = await Follower.of(box, '?after=1')
    const seen = await follower.until(isEntry(6))
    expect(seen.find(({ event }) => event === 'gap')!.data).toEqual({ after: 1, next: 4 })
    expect(entries(seen).map(({ id }) => id)).toEqual([4, 5, 6])
  })

  test('sandgate.events.gap: who is more than a thousand entries behind goes on with the newest', async () => {
    const box = await start({ clock: START })
    for (let i = 0; i < 1_101; i++)
      box.world.journal.add({ kind: 'control', at: box.world.now, action: 'clock', summary: `${i}` })
    const follower = await Follower.of(box, '?after=0')
    const seen = await follower.until(isEntry(1_101))
    expect(seen.find(({ event }) => event === 'gap')!.data).toEqual({ after: 0, next: 1_002 })
    expect(entries(seen)).toHaveLength(100)
    const behind = await Follower.of(box, '?after=200')
    expect(entries(await behind.until(isEntry(1_101)))).toHaveLength(901)
  })

  test('only what is asked for is told, and a wrong filter is refused', async () => {
    const box = await start({ clock: START })
    const follower = await Follower.of(box, '?refused=true')
    await box.call(client, allocation())
    await box.send('cpg', { method: 'GET', path: '/nothing' })
    expect(entries(await follower.until(isEntry(2))).map(({ id }) => id)).toEqual([2])
    const wrong = await box.raw('GET', '/_sandgate/events?provider=zpay')
    expect([wrong.status, wrong.json.detail]).toEqual([422, expect.stringContaining('did you mean zopay?')])
    expect((await box.raw('HEAD', '/_sandgate/events')).status).toBe(200)
  })

  test('sandgate.events.clients: the hundred and first client is refused, and all streams end when the sandbox stops', async () => {
    const box = await start({ clock: START })
    const followers = await Promise.all(Array.from({ length: 100 }, () => Follower.of(box)))
    const refused = await box.raw('GET', '/_sandgate/events')
    expect([refused.status, refused.json.code]).toEqual([409, 'too_many_streams'])
    await box.sandbox.close()
    await Promise.all(followers.map((follower) => follower.end()))
    expect(followers.every(({ ended }) => ended)).toBe(true)
  })

  test('with a control token nobody follows without it', async () => {
    const box = await start({ clock: START, controlToken: 'token-of-the-test' })
    expect((await box.raw('GET', '/_sandgate/events')).status).toBe(401)
    const follower = await Follower.of(box, '', { authorization: 'Bearer token-of-the-test' })
    await follower.until(({ event }) => event === 'clock')
  })
})
