// Large bodies of many wrong things: refused as small ones are, the list of what is wrong ends at a bound, and the journal says how much more there is.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readPartly } from '../src/contract/partial.ts'
import { readExact, write } from '../src/providers/zopay/exact.ts'
import { readAsPython } from '../src/providers/zopay/syntax.ts'
import { client as alphapo, taking } from './clients/alphapo.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { client as zopay, post } from './clients/zopay.ts'
import { type Kit, type Reply, start } from './kit.ts'

const keys = (count: number, value = '1') =>
  Array.from({ length: count }, (_, index) => `"k${index}":${value}`).join(',')
const list = (count: number, value = '1') => `[${Array.from({ length: count }, () => value).join(',')}]`

/** As text, and past Prism, which would look at all of it. */
async function intent(box: Kit, body: string): Promise<Reply> {
  const { method, path, headers } = zopay.sign(post('/payment-intents', body), box.wallMs)
  return box.raw(method, `/zopay${path}`, { 'content-type': 'application/json', ...headers }, body)
}
const notes = async (box: Kit, reply: Reply) => (await box.entry(reply)).notes

describe('zopay', () => {
  test('zopay.validation.bounds: of many unknown fields a hundred are told, and what is wrong with the known ones', async () => {
    const box = await start()
    for (const count of [5_000, 60_000]) {
      const reply = await intent(box, `{${keys(count)},"amount":"-1","currencies":["USDT"]}`)
      const places = reply.json.detail.map(({ loc, type }: any) => `${type} ${loc.join('.')}`)
      expect([reply.status, places.length, places[0], places[1]]).toEqual([
        422,
        101,
        'greater_than body.amount',
        'extra_forbidden body.k0',
      ])
      expect((await notes(box, reply)).unlisted).toBe(`${count - 100} more things like these are wrong with the body`)
    }
    const few = await intent(box, `{${keys(100)},"amount":"1","currencies":["USDT"]}`)
    expect([few.json.detail.length, (await notes(box, few)).unlisted]).toEqual([100, undefined])
  })

  test('zopay.intents.metadata-caps: 60,000 keys are refused as 51 are', async () => {
    const box = await start()
    const told = async (count: number) =>
      (await intent(box, `{"amount":"1","currencies":["USDT"],"metadata":{${keys(count)}}}`)).json.detail.map(
        ({ input: _, ...item }: any) => item,
      )
    expect(await told(60_000)).toEqual(await told(51))
    const echo = (await intent(box, `{"amount":"1","currencies":["USDT"],"metadata":{${keys(60_000)}}}`)).json.detail[0]
      .input
    expect(Object.keys(echo)).toHaveLength(100)
    // Of an input that is not very long nothing is left out.
    expect(
      (await intent(box, `{"amount":"1","currencies":["USDT"],"metadata":{${keys(1_000, '1.0')}}}`)).text,
    ).toContain('"k999":1.0')
  })

  test.each([
    ['numbers', list(400_000), ['model_attributes_type body']],
    ['objects', list(300_000, '{}'), ['model_attributes_type body']],
    ['a list that is too long', `{"amount":"1","currencies":${list(400_000)}}`, ['too_long body.currencies']],
    [
      'a value of metadata that is too long',
      `{"amount":"1","currencies":["USDT"],"metadata":{"a":${list(300_000, '{}')}}}`,
      ['value_error body.metadata'],
    ],
    ['an amount', `{"amount":${list(400_000)},"currencies":["USDT"]}`, ['decimal_type body.amount']],
  ])('zopay.validation.bounds: very many parts, %s', async (_, body, items) => {
    const box = await start()
    const reply = await intent(box, body)
    expect([reply.status, reply.json.detail.map(({ loc, type }: any) => `${type} ${loc.join('.')}`)]).toEqual([
      422,
      items,
    ])
    expect(reply.text.length).toBeLessThan(5_000)
    expect((await notes(box, reply)).cut).toMatch(/^an input of more than 5000 values/)
  })

  test('zopay.validation.not-finite: of many a hundred are told', async () => {
    const box = await start()
    const reply = await intent(box, `{"amount":"1","currencies":["USDT"],"metadata":{"a":${list(200_000, 'NaN')}}}`)
    expect([reply.status, reply.json.detail.length, (await notes(box, reply)).unlisted]).toEqual([
      422,
      100,
      '199900 more numbers are not finite',
    ])
  })
})

test('sandgate.input.many-problems: what nobody declares is ignored in any number, and what is declared is found behind it', async () => {
  const box = await start()
  const body = JSON.parse(taking({}).body!)
  const large = `{${keys(60_000)},${JSON.stringify(body).slice(1)}`
  expect((await box.call(alphapo, { ...taking({}), body: large })).json.data).toMatchObject({
    currency: 'BTC',
    foreign_id: 'user_8721',
  })
  const { method, path, headers } = alphapo.sign({ ...taking({}), body: `{${keys(60_000)},"currency":5}` }, box.wallMs)
  expect(
    (await box.raw(method, `/alphapo${path}`, headers, `{${keys(60_000)},"currency":5}`)).json.errors.currency,
  ).toBe('The currency must be a string.')
  const many = cpg.sign({ ...allocation({}), body: `{${keys(60_000, '{}')}}` }, box.wallMs)
  const reply = await box.raw(many.method, `/cpg${many.path}`, many.headers, many.body)
  expect(reply.status).toBe(422)
})

describe('readers', () => {
  const json = fc.json({ maxDepth: 6 })
  const text = fc.oneof(
    json,
    json.map((one) => JSON.stringify(JSON.parse(one), null, 1)),
    fc.string(),
    json.chain((one) => fc.nat(one.length).map((at) => one.slice(0, at) + ' ' + one.slice(at + 1))),
    fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0123eE+-.ntr aul fs') }),
  )
  const parse = (one: string): unknown => {
    try {
      return JSON.parse(one)
    } catch {
      return undefined
    }
  }

  test('the exact reader takes what JSON.parse takes, and nothing else but what Python does', () => {
    fc.assert(
      fc.property(text, (one) => {
        let read: unknown
        try {
          read = readExact(one)
        } catch {
          read = undefined
        }
        if (parse(one) !== undefined) expect(JSON.parse(write(read))).toEqual(parse(one))
        else if (read !== undefined) expect(readAsPython(one).kind).toBe('fine')
      }),
      { seed: 3, numRuns: 3000 },
    )
  })

  test('the partial reader reads as JSON.parse does where nothing is to be left out, and takes nothing that it does not take', () => {
    const filler = Array.from({ length: 20_001 }, () => '0').join(',')
    const shape = { names: new Set<string>(), listsEnd: false }
    fc.assert(
      fc.property(text, (one) => {
        const bytes = Buffer.from(`[${filler},${one}]`)
        const read = readPartly(bytes, shape)
        const whole = parse(bytes.toString('utf8')) as unknown[] | undefined
        expect(read?.value).toEqual(whole)
        if (whole) expect(read!.omitted).toBe(0)
      }),
      { seed: 4, numRuns: 300 },
    )
  })
})
