// Samples of documents that no provider here has: examples where they are right, values that fit where they are not, and an end where a schema has none.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Contract } from '../src/contract/contract.ts'
import { Sampler } from '../src/contract/sample.ts'
import { start } from './kit.ts'

let folder: string
let number = 0
const sampler = new Sampler()
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'samples-'))))
afterAll(() => rmSync(folder, { recursive: true }))

/** The samples of an operation that answers so, and what the contract says of each. */
async function samplesOf(
  response: object,
  more: object = {},
  count = 5,
): Promise<{ bodies: unknown[]; wrong: string[]; status: number }> {
  const file = join(folder, `document-${number++}.yaml`)
  const operation = { operationId: 'it', responses: { 200: { description: 'ok', ...response } } }
  writeFileSync(
    file,
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'Fifth', version: '1' },
      paths: {
        '/a/{x-y}:go': {
          get: { ...operation, parameters: [{ name: 'x-y', in: 'path', required: true, schema: { type: 'string' } }] },
        },
      },
      ...more,
    }),
  )
  const contract = new Contract('fifth', file)
  const match = contract.match('GET', '/a/1:go')!
  const { world } = await start()
  const answers = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      sampler.answer(contract, { provider: 'fifth', note: () => undefined } as any, match, index + 1, world),
    ),
  )
  return {
    bodies: answers.map(({ body }) => body),
    wrong: answers.flatMap(({ status, headers, body }) =>
      contract.judgeAnswer(match.operation, status, headers!['content-type'], body),
    ),
    status: answers[0]!.status,
  }
}

const json = (media: object) => ({ content: { 'application/json': media } })

describe('sandgate.sampled.once: samples are on contract', () => {
  test('sandgate.sampled.once: an example of the document is the answer, unless it is off contract', async () => {
    const schema = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } }
    expect((await samplesOf(json({ schema, example: { n: 5 } }), {}, 2)).bodies).toEqual([{ n: 5 }, { n: 5 }])
    const { bodies, wrong } = await samplesOf(json({ schema, example: { n: 'five' } }))
    expect([wrong, new Set(bodies.map((body) => JSON.stringify(body))).size]).toEqual([[], 5])
  })

  test.each<[string, object]>([
    [
      'closed parts',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } } },
          { type: 'object', required: ['b'], properties: { b: { type: 'integer', minimum: 3 } } },
        ],
      },
    ],
    [
      'one of several',
      {
        oneOf: [
          { type: 'object', required: ['kind'], properties: { kind: { const: 'a' } } },
          {
            type: 'object',
            required: ['kind', 'x'],
            properties: { kind: { const: 'b' }, x: { type: 'string', format: 'uuid' } },
          },
        ],
      },
    ],
    [
      'a list without doubles',
      { type: 'array', minItems: 2, maxItems: 3, uniqueItems: true, items: { enum: [1, 2, 3] } },
    ],
    ['recursion', { $ref: '#/components/schemas/Tree' }],
    [
      'patterns and lengths',
      {
        type: 'object',
        required: ['id'],
        properties: {
          id: { type: 'string', pattern: '^[A-Z]{3}-\\d{4}$' },
          at: { type: 'string', format: 'date-time' },
        },
      },
    ],
  ])('sandgate.sampled.once: %s', async (_, schema) => {
    const Tree = {
      type: 'object',
      required: ['parts'],
      additionalProperties: false,
      properties: {
        parts: { type: 'array', items: { $ref: '#/components/schemas/Tree' } },
        above: { $ref: '#/components/schemas/Tree' },
      },
    }
    expect((await samplesOf(json({ schema }), { components: { schemas: { Tree } } }, 20)).wrong).toEqual([])
  })

  test('sandgate.sampled.once: an answer without a body has none, one without a schema has an empty one', async () => {
    expect((await samplesOf({}, {}, 1)).bodies).toEqual([undefined])
    expect((await samplesOf(json({}), {}, 1)).bodies).toEqual([{}])
  })
})
