// Case files that somebody else wrote, cut or bent: each is played, or refused in one sentence with the place. Nothing in a file is a bug of ours.
import fc from 'fast-check'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readRecording, type Recording, Unusable } from '../src/keep/recording.ts'
import type { Provider } from '../src/provider.ts'
import { minimise, Replay, reportAll, summary } from '../src/replay.ts'
import { findProviders } from '../src/sandbox.ts'
import { client as alphapo } from './clients/alphapo.ts'
import { allocation, client as cpg, clientOf as cpgAs } from './clients/cpg.ts'
import { client as payward } from './clients/payward.ts'
import { client as zopay, post } from './clients/zopay.ts'
import { Inbox, type Kit, start } from './kit.ts'

let providers: Map<string, Provider>
beforeAll(async () => {
  providers = await findProviders()
})

async function recorded(box: Kit): Promise<any> {
  const { status, text } = await box.control('GET', '/recording')
  expect(status, text).toBe(200)
  return JSON.parse(text)
}

/** A recording with every kind of step in it, and with overlaps. */
async function session(): Promise<any> {
  const going: (() => void)[] = []
  const box = await start({ pause: () => new Promise((go) => going.push(go)), callbacks: { payward: { url: 'http://127.0.0.1:9/hooks' } }, providers: { cpg: { accounts: { demo: { keys: [{ id: 'cpg_demo_key', secret: 'cpg_demo_secret' }], currencies: [{ currency: 'USDT', network: 'ETH' }] } } } } })
  const inbox = await Inbox.open()
  inbox.answers = (_, index) => ({ status: index % 2 === 0 ? 500 : 200 })
  await box.subscribe('cpg', inbox)
  await box.control('PUT', '/scenario?reset=true', { name: 'slow', rules: [{ when: { provider: 'cpg', operation: 'createDepositAddress', nth: 2, headers: { 'x-none': '/a|b/' } }, then: [{ respond: { error: 'unavailable' } }] }, { when: { provider: 'zopay', nth: 1 }, then: [{ delay: { min: '1s', max: '2s' } }] }], timeline: [{ at: '1h', do: { outage: { provider: 'cpg', for: '1h' } } }, { at: '2h', do: { callbacks: { provider: 'cpg', how: 'pause' } } }] })
  await box.control('PUT', '/callbacks/endpoints/cpg', { url: inbox.url })
  const create = () => box.call(zopay, post('/addresses', { asset: 'USDT', network: 'solana' }, 'same'))
  const slow = [create(), create()]
  await expect.poll(() => box.sandbox.flights.underWay(box.world).size).toBe(2)
  await box.control('POST', '/faults', { when: { provider: 'alphapo' }, then: [{ delay: '5s' }] })
  const made = await box.call(cpg, allocation({ user_identifier: 'user_1' }))
  await box.deposit(made.json.data.address, '100', { confirmations: 'instant' })
  going[0]!()
  await Promise.all(slow)
  await box.call(cpgAs({ key: 'cpg_demo_key', secret: 'wrong' }), allocation({}))
  await box.call(payward, payward.good.createDepositAddress!())
  const never = box.call(alphapo, alphapo.good.takeAddress!())
  await expect.poll(() => going.length).toBe(2)
  await box.control('DELETE', '/faults')
  await box.advance('30m')
  const recording = await recorded(box)
  going[1]!()
  await never
  await box.sandbox.close()
  return recording
}

/** Plays a file as the command line does: what is thrown is a sentence about the file, what differs is no bug. */
async function outcome(text: string): Promise<string> {
  try {
    const recording = readRecording(text)
    const played = await new Replay(recording, providers).play(Infinity, true)
    const bugs = played.differences.flatMap(({ bug }) => bug ?? [])
    expect(bugs).toEqual([])
    if (played.differs) await minimise(recording, providers)
    return played.differs ? reportAll(played) : summary(played, recording)
  } catch (error) {
    if (!(error instanceof Unusable)) throw error
    return `refused: ${error.message}`
  }
}

type Node = { readonly holder: any; readonly name: string | number }

/** Every place in a value. */
function nodesOf(value: any): Node[] {
  if (typeof value !== 'object' || value === null) return []
  const names = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return names.flatMap((name) => [{ holder: value, name }, ...nodesOf(value[name])])
}

const anyBend = fc.record({
  at: fc.nat(),
  how: fc.oneof(
    fc.constantFrom<readonly unknown[]>(['delete'], ['twice'], ['array'], ['next'], ['swap']),
    fc.tuple(fc.constant('set'), fc.constantFrom<unknown>(null, '', '__proto__', 'constructor', 0, -1, 1e308, 9007199254740991, 1e11, true, [], {}, [[]], { a: { b: 1 } }, 'x'.repeat(300), '2026-02-30T00:00:00Z', '9999-12-31T23:59:59Z', '2026-05-16T19:00:00.000Z', '%', '/../%zz', 'cpg', 'POST', 'reset', 'advanceClock', '{{hidden}}', '[1', 'http://')),
    fc.tuple(fc.constant('key'), fc.constantFrom('__proto__', 'constructor', 'toString', 'nobody', '')),
  ),
})

function bend(recording: any, { at, how: [how, value] }: { at: number; how: readonly unknown[] }): void {
  const nodes = nodesOf(recording)
  const { holder, name } = nodes[at % nodes.length]!
  if (how === 'delete') Array.isArray(holder) ? holder.splice(Number(name), 1) : delete holder[name]
  else if (how === 'twice') Array.isArray(holder) ? holder.splice(Number(name), 0, structuredClone(holder[name])) : (holder[`${name}2`] = holder[name])
  else if (how === 'array') holder[name] = [holder[name]]
  else if (how === 'next') holder[name] = structuredClone(nodes[(at + 7) % nodes.length]!.holder)
  else if (how === 'swap') [holder[name], holder[Object.keys(holder)[0]!]] = [holder[Object.keys(holder)[0]!], holder[name]]
  else if (how === 'set') holder[name] = value
  else Object.defineProperty(typeof holder[name] === 'object' && holder[name] !== null ? holder[name] : holder, String(value), { value: holder[name], enumerable: true, configurable: true, writable: true })
}

describe('a file that was bent', () => {
  test('sandgate.replay.files: wherever it was changed, it is played or refused in one sentence, and never a bug', { timeout: 300_000 }, async () => {
    const good = JSON.stringify(await session())
    expect(await outcome(good)).toContain('every answer is equal')
    await fc.assert(
      fc.asyncProperty(fc.array(anyBend, { minLength: 1, maxLength: 3 }), async (bends) => {
        const bent = JSON.parse(good)
        for (const each of bends) {
          try {
            bend(bent, each)
          } catch {
            // A value in a circle, or one that cannot be set, is no other file.
          }
        }
        let text: string
        try {
          text = JSON.stringify(bent)
        } catch {
          return
        }
        const told = await outcome(text)
        expect(told).not.toMatch(/\bbug\b|undefined|\[object|TypeError|RangeError|is not a function/)
        if (told.startsWith('refused')) expect(told).not.toContain('\n')
      }),
      { numRuns: Number(process.env.BENDS ?? 150), seed: Number(process.env.BENDS_SEED ?? 4_2028), verbose: 1, endOnFailure: true },
    )
  })
})
