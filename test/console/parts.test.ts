// The parts of the console's page that need no browser: the window of entries, the reader of the stream, folding, comparing, and what is made of bodies.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Brief, Entry } from '../../src/console/api/shapes.ts'
import { curlOf } from '../../src/console/copy/curl.ts'
import { bodyMatch } from '../../src/console/copy/match.ts'
import { quoted, sentOf } from '../../src/console/copy/sent.ts'
import { differencesOf } from '../../src/console/entry/differences.ts'
import { EventReader } from '../../src/console/live/sse.ts'
import { merged, WINDOW } from '../../src/console/state/entries.ts'
import { itemsOf } from '../../src/console/timeline/folds.ts'
import { prettyJson } from '../../src/console/ui/pretty.ts'

const entry = (id: number, more: Partial<Brief> = {}): Brief => ({
  id,
  kind: 'call',
  at: '2026-05-16T19:00:00.000Z',
  ...more,
})
const ids = (entries: readonly { readonly id: number }[]) => entries.map(({ id }) => id)

describe('the window of entries', () => {
  test('has each entry once, in order, the newest at most, however they come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 300 }), { maxLength: 6 }),
        (batches) => {
          const all = [...new Set(batches.flat())].sort((a, b) => a - b)
          const window = batches.reduce<readonly Brief[]>(
            (now, batch) =>
              merged(
                now,
                batch.map((id) => entry(id)),
              ),
            [],
          )
          expect(window.length).toBeLessThanOrEqual(WINDOW)
          expect(ids(window)).toEqual([...new Set(ids(window))].sort((a, b) => a - b))
          if (all.length <= WINDOW) expect(ids(window)).toEqual(all)
          expect(window.at(-1)?.id).toBe(all.at(-1))
        },
      ),
    )
  })

  test('an amended entry takes the place of the one that it was; one that has left stays out', () => {
    const window = merged(
      [],
      Array.from({ length: WINDOW + 10 }, (_, index) => entry(index + 1)),
    )
    expect(window[0]!.id).toBe(11)
    const amended = merged(window, [entry(400, { status: 200 }), entry(3, { status: 200 })])
    expect(amended).toHaveLength(WINDOW)
    expect(amended.find(({ id }) => id === 400)!.status).toBe(200)
    expect(amended[0]!.id).toBe(11)
  })
})

describe('the reader of the stream', () => {
  const text =
    ': still here\n\nevent: world\ndata: {"id":"default"}\n\nevent: entry\nid: 17\ndata: {"a":\ndata: 1}\n\nevent: entry\r\nid: 18\r\ndata: é\r\n\r\n'

  test('finds the same events in any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: text.length }), { maxLength: 20 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length]
        const reader = new EventReader()
        const events = at.slice(1).flatMap((end, index) => reader.read(text.slice(at[index], end)))
        expect(events).toEqual([
          { event: 'world', id: undefined, data: '{"id":"default"}' },
          { event: 'entry', id: '17', data: '{"a":\n1}' },
          { event: 'entry', id: '18', data: 'é' },
        ])
      }),
    )
  })
})

describe('folding', () => {
  const later = '2026-05-16T19:30:00.000Z'
  const end = '2026-05-16T20:00:00.000Z'

  test('what an advance caused stands under it, newest first; what was due without it does not', () => {
    const items = itemsOf([
      entry(1),
      entry(2, { kind: 'callback' }),
      entry(3, { kind: 'timer', at: later }),
      entry(4, { kind: 'callback', at: later }),
      entry(5, { kind: 'control', action: 'advance', at: end }),
      entry(6, { at: end }),
    ])
    expect(items.map(({ entry, folded }) => [entry.id, ids(folded)])).toEqual([
      [6, []],
      [5, [4, 3]],
      [2, []],
      [1, []],
    ])
  })

  test('no entry is lost or shown twice', () => {
    const kinds = fc.constantFrom<Partial<Brief>>(
      { kind: 'call' },
      { kind: 'timer' },
      { kind: 'callback' },
      { kind: 'control', action: 'advance' },
      { kind: 'control', action: 'deposit' },
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(kinds, fc.integer({ min: 0, max: 3 }))), (list) => {
        let hour = 0
        const entries = list.map(([kind, by], index) =>
          entry(index + 1, { ...kind, at: new Date((hour += by) * 3_600_000).toISOString() }),
        )
        const shown = itemsOf(entries).flatMap(({ entry, folded }) => [entry.id, ...ids(folded)])
        expect(shown).toEqual(ids(entries).reverse())
      }),
    )
  })
})

describe('comparing', () => {
  test('shows what differs, value by value, and nothing else', () => {
    const call = { method: 'POST', path: '/x', status: 200, request: { body: '{"a":{"b":1,"c":[]},"d":"x"}' } }
    const other = { ...call, status: 409, request: { body: '{"a":{"b":2,"c":[]},"e":null}' } }
    expect(differencesOf(call, call)).toEqual([])
    expect(differencesOf(call, other)).toEqual([
      { path: 'status', one: '200', other: '409' },
      { path: 'request.body.a.b', one: '1', other: '2' },
      { path: 'request.body.d', one: 'x', other: undefined },
      { path: 'request.body.e', one: undefined, other: 'null' },
    ])
  })
})

describe('bodies', () => {
  test('pretty JSON is the same JSON, with every digit', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const pretty = prettyJson(text)
        if (pretty !== undefined) expect(JSON.parse(pretty)).toEqual(JSON.parse(text))
      }),
    )
    expect(prettyJson('{"n":1.10000000000000000000001,"e":{},"l":[ ]}')).toBe(
      '{\n  "n": 1.10000000000000000000001,\n  "e": {},\n  "l": []\n}',
    )
    expect(prettyJson('{"a":"{,}: [x]"}')).toBe('{\n  "a": "{,}: [x]"\n}')
    expect(prettyJson('{"a":')).toBeUndefined()
    expect(prettyJson('plain')).toBeUndefined()
  })

  test('a match keeps the text of the body; what was hidden matches anything, what looks like a regex itself', () => {
    expect(bodyMatch('{ "n": 1.10, "a b": "c  d" }')).toBe('{"n":1.10,"a b":"c  d"}')
    expect(bodyMatch('{"/x/":"/x/"}')).toBe('{"/x/":"/^/x/$/"}')
    expect(bodyMatch('{"secret":"a.(hidden)"}')).toBe(String.raw`{"secret":"/^a\\..*$/"}`)
    expect(bodyMatch('a=1')).toBeUndefined()
  })
})

describe('a call as it was sent', () => {
  const called: Entry = {
    ...entry(1),
    provider: 'zopay',
    method: 'GET',
    path: '/w/ci-1/zopay/v1/x?a=1',
    request: { headers: { host: 'x', 'x-my': "it's" } },
  }

  test('is found under the path of the provider', () => {
    expect(sentOf(called)).toMatchObject({
      target: '/v1/x?a=1',
      headers: [['x-my', "it's"]],
      signed: false,
      cut: false,
    })
    expect(sentOf({ ...called, kind: 'timer' })).toBeUndefined()
    expect(curlOf(called, { origin: 'http://127.0.0.1:1', world: 'ci-1', token: false })).toBe(
      String.raw`curl -sS -i 'http://127.0.0.1:1/w/ci-1/zopay/v1/x?a=1' \
  -H 'x-my: it'\''s'`,
    )
  })

  test('what was hidden is a variable of the shell', () => {
    expect(quoted('a(hidden)b')).toBe(`'a'"$SECRET"'b'`)
    expect(quoted('(hidden)')).toBe(`"$SECRET"`)
    expect(quoted('')).toBe(`''`)
    expect(quoted('$HOME `id` "x"')).toBe('\'$HOME `id` "x"\'')
  })
})
