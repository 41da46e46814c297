// Instants and durations as people write them: one parser and one printer of each, and sentences that say what is wrong.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { duration, durationMs, durationText, InvalidTime } from '../src/text/durations.ts'
import { after, clockText, instant, instantMs, iso, isoSeconds, LAST_MS } from '../src/text/instants.ts'

const instants = fc.integer({ min: 0, max: LAST_MS })

describe('instants', () => {
  test('are read back as they were written', () => {
    fc.assert(
      fc.property(instants, (ms) => {
        expect(instant(iso(ms))).toBe(ms)
      }),
    )
    fc.assert(
      fc.property(instants, (ms) => {
        expect(instant(isoSeconds(ms))).toBe(ms - (ms % 1000))
      }),
    )
  })

  test.each([
    ['2026-05-16T19:00Z', '2026-05-16T19:00:00.000Z'],
    ['2026-05-16T19:00:00+02:00', '2026-05-16T17:00:00.000Z'],
    ['2026-05-16T19:00:00.123456789Z', '2026-05-16T19:00:00.123Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(iso(instant(text))).toBe(expected)
    expect(clockText(text)).toBe(expected)
  })

  test.each([
    ['2026-02-30T00:00:00Z'],
    ['2026-13-01T00:00:00Z'],
    ['2026-05-00T00:00:00Z'],
    ['2026-05-16T25:00:00Z'],
    ['2026-05-16T19:00:00'],
    ['2026-05-16'],
    ['2026-05-16 19:00:00Z'],
    ['Sat, 16 May 2026 19:00:00 GMT'],
    ['1778958000000'],
    [''],
  ])('%j is none', (text) => {
    expect(instantMs(text)).toBeUndefined()
    const sentence = `"${text}" is not an instant; expected ISO 8601 such as 2026-05-16T19:00:00Z`
    expect(() => instant(text)).toThrow(new InvalidTime(sentence))
    expect(() => clockText(text)).toThrow(new InvalidTime(sentence))
  })

  test('a clock may be real', () => expect(clockText('real')).toBe('real'))

  test('nothing lies behind the year 9999', () => {
    expect(iso(LAST_MS)).toBe('9999-12-31T23:59:59.999Z')
    expect(after(LAST_MS - 1000, '1s', 'after')).toBe(LAST_MS)
    expect(() => after(LAST_MS, '1ms', 'after')).toThrow(new InvalidTime('"after": 1ms leads beyond the year 9999'))
    expect(() => after(0, 'soon', 'by')).toThrow(
      new InvalidTime('"by" is not a duration: soon; expected 90s, 15m, 4h, 7d or PT4H'),
    )
  })
})

describe('durations', () => {
  test('are read back as they were printed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 * 365 * 86_400_000 }), (ms) => {
        expect(durationMs(durationText(ms))).toBe(ms)
      }),
    )
  })

  test.each([
    [0, '0s'],
    [1, '1ms'],
    [1500, '1500ms'],
    [90_000, '90s'],
    [5_400_000, '90m'],
    [7_200_000, '2h'],
    [14 * 86_400_000, '14d'],
  ])('%i ms is printed %s', (ms, text) => expect(durationText(ms)).toBe(text))

  test.each([
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['2w', 1_209_600_000],
    ['PT4H', 14_400_000],
    ['P1DT1M', 86_460_000],
    ['PT0.5S', 500],
    ['P', undefined],
    ['PT', undefined],
    ['4', undefined],
    ['-1s', undefined],
    ['1y', undefined],
    ['999999d', undefined],
  ])('%s is %s ms', (text, ms) => expect(durationMs(text)).toBe(ms))

  test('a wrong one is told with its field', () => {
    expect(duration('15m', 'after')).toBe(900_000)
    expect(() => duration('15 minutes', 'after')).toThrow(
      new InvalidTime('"after" is not a duration: 15 minutes; expected 90s, 15m, 4h, 7d or PT4H'),
    )
  })
})
