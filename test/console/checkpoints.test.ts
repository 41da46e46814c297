// The parts of the view "Checkpoints" that need no browser: rows compared field by field, and which of them are shown.
import { describe, expect, test } from 'vitest'
import { fieldsOf } from '../../src/console/checkpoints/fields.ts'
import { type Change, named, wanted } from '../../src/console/checkpoints/rows.ts'
import { doLineOf } from '../../src/console/copy/do.ts'

const change = (table: string, key: string, kind: Change['change'] = 'added'): Change => ({ table, key, change: kind })

describe('a row then and now', () => {
  test('has every field of both, nested ones by path, and says which differ', () => {
    const before = { id: 7, status: 'seen', fees: [{ units: '1' }], old: true }
    const after = { id: 7, status: 'confirmed', fees: [{ units: '1' }, { units: '2' }], block: null }
    expect(fieldsOf(before, after)).toEqual([
      { path: 'id', then: '7', now: '7', differs: false },
      { path: 'status', then: 'seen', now: 'confirmed', differs: true },
      { path: 'fees.0.units', then: '1', now: '1', differs: false },
      { path: 'fees.1.units', then: undefined, now: '2', differs: true },
      { path: 'block', then: undefined, now: 'null', differs: true },
      { path: 'old', then: 'true', now: undefined, differs: true },
    ])
  })

  test('that was added or removed differs in all it has', () => {
    const row = { id: 'dep_1', tag: '' }
    expect(fieldsOf(undefined, row)).toEqual([
      { path: 'id', then: undefined, now: 'dep_1', differs: true },
      { path: 'tag', then: undefined, now: '', differs: true },
    ])
    expect(fieldsOf(row, undefined).map(({ now }) => now)).toEqual([undefined, undefined])
    expect(fieldsOf({}, {})).toEqual([])
  })
})

describe('the changes', () => {
  const all = named([
    change('keys', '(hidden)'),
    change('keys', '(hidden)'),
    change('transfers', 'dep_1', 'changed'),
    change('transfers', 'dep_2', 'removed'),
  ])

  test('have a name each, hidden keys too', () => {
    expect(all.map(({ id }) => id)).toEqual(['keys/(hidden)', 'keys/(hidden)~2', 'transfers/dep_1', 'transfers/dep_2'])
  })

  test('are chosen by kind and by table', () => {
    const shown = (kind: string, table: string) => wanted(all, { kind, table }).map(({ key }) => key)
    expect(shown('', '')).toHaveLength(4)
    expect(shown('changed', '')).toEqual(['dep_1'])
    expect(shown('', 'keys')).toEqual(['(hidden)', '(hidden)'])
    expect(shown('added', 'transfers')).toEqual([])
  })
})

test('a line of sandgate do names the world and asks the shell for the token', () => {
  const place = { origin: 'http://127.0.0.1:4010', world: 'default', token: false }
  expect(doLineOf('createWorld', { id: 'ci-42' }, place)).toBe(
    'npx sandgate do createWorld --id ci-42 --url http://127.0.0.1:4010',
  )
  expect(doLineOf('getClock', {}, { ...place, world: 'a;b', token: true })).toBe(
    `npx sandgate do getClock --url http://127.0.0.1:4010 --world 'a;b' --control-token "$SANDGATE_CONTROL_TOKEN"`,
  )
})
