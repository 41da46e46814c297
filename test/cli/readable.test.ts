// Answers of the control API as text: tables that fit, blocks where no table does, and nothing that a terminal would obey.
import { expect, test } from 'vitest'
import { readable } from '../../src/cli/readable.ts'

const rows = [
  { id: 'a', note: 'x'.repeat(40), empty: null, list: [] },
  { id: 'b', note: 'short', empty: null, list: [] },
]

test('a list is a table with the columns that say something, and what belongs to it below', () => {
  expect(readable({ data: [{ id: 1, at: 'now', of: { a: 1 } }, { id: 22 }], next: '2', dropped: null }, 80)).toBe(
    'id  at   of\n1   now  {"a":1}\n22\n\nnext: 2',
  )
  expect(readable({ data: [] }, 80)).toBe('none')
  expect(readable({ data: ['x', 'y'] }, 80)).toBe('x\ny')
})

test('the widest column gives way until the table fits', () => {
  const text = readable({ data: rows }, 24)
  expect(text.split('\n').map((line) => line.length)).toEqual([8, 24, 9])
  expect(text).toContain(`a   ${'x'.repeat(19)}…`)
  expect(readable({ data: rows }, Infinity)).toContain('x'.repeat(40))
})

test('where no table fits, every row is a block of lines with all of it', () => {
  const wide = { data: [{ first: 'x'.repeat(30), second: 'y'.repeat(30) }, { first: 'z'.repeat(30) }] }
  expect(readable(wide, 17)).toBe(`first:  ${'x'.repeat(30)}\nsecond: ${'y'.repeat(30)}\n\nfirst: ${'z'.repeat(30)}`)
  expect(readable(wide, 18)).toBe('first     second\nxxxxxxx…  yyyyyyy…\nzzzzzzz…')
})

test('an object is lines of name and value; a list of objects in it is a table of its own', () => {
  expect(readable({ now: 'n', mode: null, happened: [{ at: 1 }] }, 80)).toBe('now:  n\nmode: null\n\nhappened:\nat\n1')
})

test('nothing in it moves the cursor or begins a line', () => {
  const evil = '\u001b[2J\r\n\u0085x'
  for (const text of [readable({ data: [{ id: evil }] }, 80), readable({ [evil]: evil }, 80), readable([evil], 80)])
    expect(text.replaceAll(/\n/g, '')).not.toMatch(/[\u0000-\u001f\u0080-\u009f]/)
})
