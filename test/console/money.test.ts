// What the views Money and Callbacks make of rows without a browser: steps, sentences, forms of actions and their bodies, headers.
import { describe, expect, test } from 'vitest'
import type { Attempt, Deposit } from '../../src/console/api/shapes.ts'
import { attemptsSentence, outcomeOf } from '../../src/console/callbacks/outcomes.ts'
import { headerLines, recipeOf } from '../../src/console/callbacks/recipe.ts'
import { bodyOf, fieldsOf } from '../../src/console/money/schema-fields.ts'
import { depositSteps, isUnderWay, withdrawalSteps } from '../../src/console/money/steps.ts'
import { start } from '../kit.ts'

const steps = (found: readonly { readonly name: string; readonly is: string }[]) =>
  found.map(({ name, is }) => `${name} ${is}`).join(', ')

describe('the steps of a deposit', () => {
  const at = (status: Deposit['status'], confirmations = 0, outcome: Deposit['outcome'] = 'confirmed', required = 12) =>
    steps(depositSteps({ status, outcome, confirmations, required }))

  test('lead from scheduled to confirmed, with what it has of what it needs', () => {
    expect(at('scheduled')).toBe('scheduled now, seen ahead, 0/12 ahead, confirmed ahead')
    expect(at('seen')).toBe('scheduled done, seen now, 0/12 ahead, confirmed ahead')
    expect(at('seen', 7)).toBe('scheduled done, seen done, 7/12 now, confirmed ahead')
    expect(at('confirmed', 15)).toBe('scheduled done, seen done, 12/12 done, confirmed done')
    expect(at('confirmed', 0, 'confirmed', 0)).toBe('scheduled done, seen done, confirmed done')
  })

  test('say where a branch leads, and that it ended there', () => {
    expect(at('seen', 0, 'dropped')).toBe('scheduled done, seen now, 0/12 ahead, to be dropped ahead')
    expect(at('dropped', 0, 'dropped')).toBe('scheduled done, seen done, dropped bad')
    expect(at('reorged', 3, 'reorged')).toBe('scheduled done, seen done, 3/12 done, reorged bad')
    expect(at('replaced', 0, 'replaced')).toBe('scheduled done, seen done, replaced bad')
  })
})

test('the steps of a withdrawal; it can be settled until it has come to its end', () => {
  const row = { outcome: 'confirmed', broadcast_at: null, confirmations: 0 } as const
  const sent = { ...row, broadcast_at: '2026-05-16T19:00:00.000Z' }
  expect(steps(withdrawalSteps({ ...row, status: 'held' }))).toBe('held now, broadcast ahead, confirmed ahead')
  expect(steps(withdrawalSteps({ ...row, status: 'held', outcome: 'declined' }))).toBe('held now, to be declined ahead')
  expect(steps(withdrawalSteps({ ...sent, status: 'broadcast', confirmations: 3 }))).toBe(
    'held done, broadcast done, 3 confirmations now, confirmed ahead',
  )
  expect(steps(withdrawalSteps({ ...sent, status: 'confirmed' }))).toBe('held done, broadcast done, confirmed done')
  expect(steps(withdrawalSteps({ ...row, status: 'failed' }))).toBe('held done, failed bad')
  expect((['held', 'broadcast', 'confirmed', 'failed'] as const).map((status) => isUnderWay({ status }))).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('attempts as a sentence: answered, failed, on its way, one more due', () => {
  const attempt = (status: number | null, error: string | null): Attempt => ({
    at: '2026-05-16T19:00:00.000Z',
    status,
    error,
  })
  const good = attempt(200, null)
  const bad = attempt(500, 'the receiver answered 500')
  expect([good, bad, attempt(null, null), attempt(null, 'nobody listens')].map(outcomeOf)).toEqual([
    'good',
    'bad',
    'open',
    'bad',
  ])
  expect(attemptsSentence({ attempts: [bad, good], next_at: null })).toBe('2 attempts: failed with 500, answered 200')
  expect(attemptsSentence({ attempts: [bad], next_at: '2026-05-16T20:00:00.000Z' })).toBe(
    '1 attempt: failed with 500; one more is due',
  )
  expect(attemptsSentence({ attempts: [], next_at: '2026-05-16T20:00:00.000Z' })).toBe(
    'no attempt yet; one more is due',
  )
  expect(attemptsSentence({ attempts: Array.from({ length: 20 }, () => bad), next_at: null })).toMatch(
    /^20 attempts, the last: (failed with 500(, )?){12}$/,
  )
})

describe('the form of an action', () => {
  test('has a field for each field of its schema, and those of objects inside of it', () => {
    const schema = {
      type: 'object',
      required: ['symbol'],
      properties: {
        symbol: { type: 'string' },
        on: { type: 'boolean' },
        outcome: { type: 'string', enum: ['confirmed', 'reverted'], default: 'confirmed' },
        id: { anyOf: [{ type: 'integer' }, { type: 'string' }] },
        against: { type: 'object', required: ['symbol'], properties: { symbol: { type: 'string' } } },
      },
    }
    const fields = fieldsOf(schema)
    expect(fields.map(({ name, required, choices }) => [name, required, choices])).toEqual([
      ['symbol', true, undefined],
      ['on', false, ['true', 'false']],
      ['outcome', false, ['confirmed', 'reverted']],
      ['id', false, undefined],
      ['against.symbol', false, undefined],
    ])
    expect(bodyOf(fields, { symbol: ' BTC ', on: 'false', outcome: '', id: '12', 'against.symbol': 'EUR' })).toEqual({
      symbol: 'BTC',
      on: false,
      id: 12,
      against: { symbol: 'EUR' },
    })
    expect(bodyOf(fields, { id: '12345678901234567890' })).toEqual({ id: '12345678901234567890' })
    expect(bodyOf(fields, { id: 'twelve' })).toEqual({ id: 'twelve' })
  })

  test('knows every kind of field that an action of a provider has', async () => {
    const box = await start()
    const { data } = (await box.control('GET', '/actions')).json
    expect(data.length).toBeGreaterThan(10)
    for (const { provider, name, fields } of data) {
      const names = fieldsOf(fields).map((field) => field.path[0])
      expect([...new Set(names)], `${provider} ${name}`).toEqual(Object.keys(fields.properties))
      for (const key of fields.required ?? [])
        expect(
          fieldsOf(fields).find(({ path }) => path[0] === key)!.required || 'default' in fields.properties[key],
          `${provider} ${name} ${key}`,
        ).toBe(true)
    }
  })
})

test('headers are shown without signatures and keys, and a quote in a signed text does not end the line', () => {
  const mac = 'ab'.repeat(32)
  const lines = headerLines({
    'content-type': 'application/json',
    'X-CPG-Signature': mac,
    'X-ZoPay-Signature': `t=1,v1=${mac}`,
    'X-Signature': 'not even hex',
    'X-Processing-Key': 'demo_key',
    'Idempotency-Key': 'order-1',
  })
  expect(lines.split('\n')).toEqual([
    'content-type: application/json',
    'X-CPG-Signature: (hidden)',
    'X-ZoPay-Signature: t=1,v1=(hidden)',
    'X-Signature: (hidden)',
    'X-Processing-Key: (hidden)',
    'Idempotency-Key: order-1',
  ])
  expect(recipeOf({ headers: { 'X-Signature': mac }, signed_text: "it's" }, [])!.line).toContain(`printf %s 'it'\\''s'`)
  expect(recipeOf({ headers: { 'content-type': 'application/json' } }, [])).toBeUndefined()
})
