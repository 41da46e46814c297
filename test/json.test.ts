// Canonical JSON: documents that say the same have the same text, and the fingerprints made from it, which are on disk, stay what they are.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Call } from '../src/provider.ts'
import { byIdempotencyKey as payward } from '../src/providers/payward/idempotency.ts'
import { byIdempotencyKey as zopay } from '../src/providers/zopay/idempotency.ts'
import { canonicalJson, jsonText } from '../src/text/json.ts'

const plain = () => undefined

/** The same value with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  )
}

function callWith(text: string): Call {
  return {
    method: 'POST',
    path: '/connect/v1/payment-intents',
    content: { kind: 'json', value: JSON.parse(text) },
    text,
    body: Buffer.from(text),
  } as unknown as Call
}

describe('JSON', () => {
  test('is what JSON.stringify writes, where no scalar is special', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(jsonText(value, plain)).toBe(JSON.stringify(value))
      }),
    )
    expect(jsonText({ a: undefined, b: 1 }, plain)).toBe('{"b":1}')
  })

  test('is canonical whatever the order of keys, and says the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value), plain)).toBe(canonicalJson(value, plain))
        expect(JSON.parse(canonicalJson(value, plain))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('scalars of its own are written as they say', () => {
    const text = (value: unknown) => (typeof value === 'bigint' ? String(value) : undefined)
    expect(canonicalJson({ b: [12345678901234567890n], a: null }, text)).toBe('{"a":null,"b":[12345678901234567890]}')
  })
})

describe('fingerprints on disk', () => {
  test.each([
    [
      '[]',
      '4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945',
      'c24133a7125cd585271c8fb8f17f1a27312bd842444b967d21005c8e622e58f0',
    ],
    [
      'null',
      '74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b',
      '98470053b5b489c808525a8c6fa9a01ad95a1011d93dc25df68b4fcad2db8515',
    ],
    [
      '{"b":1,"a":{"d":[1,2.50,{"z":null,"y":true}],"c":"é\\u2028\\ud83d\\ude00"},"B":-0,"10":"x","9":"y","":[]}',
      '64cb6535560bd6f6991110bd6226e7ed8dfb735dda8d2f2d2c73ae9e3db70b72',
      '62d0372be7d0668d4469743048cf469de397fe105f9ae0b4948f3e3db43e466e',
    ],
    [
      '{"amount":1e400,"n":123456789012345678901234567890,"__proto__":{"x":1},"\\uffff":1,"\\ud83d\\ude00":2}',
      '38ee776b9f7de861ddbd51805f1b0c1f99ffcb0ba2e1f5c3bed541eec0917327',
      '52158c012ea0e6247ebe1def2e13618c374a33babf524105c7e6556fc9763da0',
    ],
  ])('of %s do not change', (text, ofPayward, ofZopay) => {
    expect(payward.fingerprint!(callWith(text))).toBe(ofPayward)
    expect(zopay.fingerprint!(callWith(text))).toBe(ofZopay)
  })
})
