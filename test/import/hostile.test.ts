// Whatever is in a file: a case that can be read and played, or one sentence; never anything else.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Unusable } from '../../src/casefile/format.ts'
import { placesIn, put } from './places.ts'
import { differs, imported } from './play.ts'
import { bash, chromeCmd, hereDocument, included, powershell, verbose } from './terminal.ts'
import { charles, chrome, newman, packed } from './tools.ts'
import { NAMES, spokenWith } from './traffic.ts'

async function survives(name: string, file: Buffer): Promise<void> {
  try {
    await differs((await imported(name, { file })).recording)
  } catch (error) {
    if (!(error instanceof Unusable)) throw error
    expect(error.message).toMatch(/\S/)
    expect(error.message).not.toContain('\n')
  }
}

const anyValue = fc.oneof(
  fc.jsonValue(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '',
    '\ud800',
    '%',
    '%zz',
    'base64',
    '[redacted]',
    '{{hidden}}',
    'H4sIAAAA',
    '\u001f\u008b',
    '{"a":',
    '['.repeat(2000),
    -1,
    0,
    Infinity,
    '1e400',
    { toString: 'x', valueOf: 'x' },
    { text: { text: null } },
    [[]],
    'https://[',
    '://',
    '/w/x/cpg/v1/_ping',
    'GET ',
  ),
)

describe('sandgate.import.tolerant:', () => {
  test.each(NAMES)('HAR files with calls of %s, changed at random', async (name) => {
    const spoken = (await spokenWith(name)).slice(0, 5)
    const wholes = [chrome, charles, newman, packed].map((write) => JSON.parse(write(spoken).file.toString()))
    const anyChange = fc
      .constantFrom(...wholes.map((whole) => ({ whole, places: placesIn(whole) })))
      .chain(({ whole, places }) =>
        fc.tuple(
          fc.constant(whole),
          fc.array(fc.tuple(fc.constantFrom(...places), fc.option(anyValue, { nil: undefined })), {
            minLength: 1,
            maxLength: 4,
          }),
        ),
      )
    await fc.assert(
      fc.asyncProperty(anyChange, async ([whole, changes]) =>
        survives(
          name,
          Buffer.from(JSON.stringify(changes.reduce((har, [place, value]) => put(har, place, value), whole))),
        ),
      ),
      { numRuns: 60 },
    )
  })

  test.each(NAMES)('transcripts with calls of %s, cut and mixed at random', async (name) => {
    const spoken = (await spokenWith(name)).slice(0, 4)
    const texts = [bash, chromeCmd, powershell, hereDocument].map((write) =>
      spoken.map((call) => `$ ${write(call)}\n${verbose(call)}\n${included(call)}`).join('\n'),
    )
    const anyCut = fc.record({
      at: fc.nat(texts[0]!.length),
      length: fc.nat(60),
      instead: fc.constantFrom(
        '',
        '\n',
        '\r',
        "'",
        '"',
        '\\',
        '`',
        '^',
        '$(',
        ')',
        '<<EOF',
        '>',
        '|',
        ' @x',
        '-',
        '--',
        "$'\\x",
        '\u001b[',
        '< HTTP/2 200 ',
        '> GET /v1/_ping HTTP/2',
        'curl ',
        '\0',
        '…',
      ),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...texts),
        fc.array(anyCut, { minLength: 1, maxLength: 5 }),
        async (text, cuts) =>
          survives(
            name,
            Buffer.from(
              cuts.reduce(
                (left, { at, length, instead }) => left.slice(0, at) + instead + left.slice(at + length),
                text,
              ),
            ),
          ),
      ),
      { numRuns: 60 },
    )
  })

  test('bytes at random', async () => {
    const spoken = (await spokenWith('cpg')).slice(0, 3)
    const files = [
      chrome(spoken).file,
      packed(spoken).file,
      Buffer.from(`$ ${bash(spoken[1]!)}\n${verbose(spoken[1]!)}`),
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 20 }),
        async (file, bytes) => {
          const copy = Buffer.from(file)
          for (const [at, byte] of bytes) copy[at % copy.length] = byte
          await survives('cpg', copy)
        },
      ),
      { numRuns: 60 },
    )
  })
})
