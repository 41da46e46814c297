// One run: a new world, a scenario in it, the partner's command, and what is wrong afterwards: how the command ended, mistakes that its traffic proves,
// and books that do not agree with the world.
import type * as api from '../library/api.ts'
import { SandgateError } from '../library/errors.ts'
import type { Credential, Provider } from '../provider.ts'
import { type Difference, differencesOf, readBooks, UnreadableBooks } from './books.ts'
import { type Ended, runCommand } from './command.ts'
import { movedIn } from './ledger.ts'
import { type Oracle, RunOracle } from './oracle.ts'

/** Where every world of an exploration starts, frozen. */
export const START = '2026-05-16T19:00:00.000Z'
/** How often time is moved on where more is due than one call goes through. */
const MOVES = 20

/** What all runs have in common. */
export interface Setting {
  readonly sandbox: api.WithProviders<api.Sandbox>
  readonly providers: ReadonlyMap<string, Provider>
  /** By provider: account, key and secret of the environment. */
  readonly credentials: ReadonlyMap<string, Credential>
  readonly command: readonly string[]
  /** What its environment has beside what a run adds. */
  readonly env: NodeJS.ProcessEnv
  readonly oracle: Oracle | undefined
  /** Books are net of the provider's fees. */
  readonly net: boolean
  /** How long the command may take, wall ms. */
  readonly timeoutMs: number
  readonly stop: AbortSignal
  /** Takes keys and secrets out of a text. */
  readonly hide: (text: string) => string
}

export interface RunInput {
  readonly id: string
  readonly seed: string
  /** Makes happen what goes wrong; without it nothing does. */
  readonly load: ((world: api.World) => Promise<unknown>) | undefined
  /** What is still asked of the world before it goes. */
  readonly look?: (world: api.World) => Promise<void>
}

/** One thing that is wrong with a run. */
export interface Failure {
  /** The same for the same kind of failure: `oracle:cpg:credit:missing`. */
  readonly key: string
  /** A sentence. */
  readonly says: string
}

export interface Outcome extends Ended {
  readonly failures: readonly Failure[]
  readonly findings: readonly api.Finding[]
  /** Undefined where there is no oracle. */
  readonly differences: readonly Difference[] | undefined
  /** The newest journal entry. */
  readonly entries: number
  /** World time at the start, ISO 8601. */
  readonly began: string
  /** How far the command moved the clock, world ms, and whether it did until nothing was due. */
  readonly spanMs: number
  readonly quiet: boolean
}

/** Makes a run. Throws `CannotStart`, `Stopped`, or a `SandgateError` for a scenario that is not valid. */
export async function run(setting: Setting, { id, seed, load, look }: RunInput): Promise<Outcome> {
  const world = setting.sandbox.world(id, { seed, clock: START })
  try {
    await load?.(world)
    const { stop, timeoutMs, hide } = setting
    const oracle = setting.oracle && new RunOracle(setting.oracle, id, seed)
    const began = await world.clock.now()
    const options = { env: environment(setting, world, seed), timeoutMs, stop }
    const { sweep, ...seen } = await runCommand(setting.command, options)
    const ended = { ...seen, output: hide(seen.output) }
    try {
      const spanMs = (await world.clock.now()).getTime() - began.getTime()
      const quiet = await settle(world)
      // Whoever failed has written no books, or half of them.
      const passed = ended.status === 0 && !ended.timedOut
      const books = oracle && passed ? await differences(oracle, options, setting, world) : undefined
      const findings = await world.findings()
      const [newest] = (await world.control('GET', '/journal?limit=1&view=brief&before=999999999999')).data
      await look?.(world)
      return {
        ...ended,
        failures: [...ofCommand(ended), ...ofBooks(books), ...ofFindings(findings)],
        findings,
        differences: Array.isArray(books) ? books : undefined,
        entries: newest?.id ?? 0,
        began: began.toISOString(),
        spanMs,
        quiet,
      }
    } catch (error) {
      if (!(error instanceof SandgateError)) throw error
      const failure = { key: 'world', says: `the world cannot be looked at after the command: ${error.message}` }
      return {
        ...ended,
        failures: [...ofCommand(ended), failure],
        findings: [],
        differences: undefined,
        entries: 0,
        began: began.toISOString(),
        spanMs: 0,
        quiet: false,
      }
    } finally {
      sweep()
    }
  } finally {
    await world.remove().catch(() => undefined)
  }
}

// rule: sandgate.explore.environment
/** What the command finds in its environment; what is set already stays, so that keys of another account can be given. */
function environment({ env, sandbox, credentials }: Setting, world: api.WithProviders<api.World>, seed: string) {
  const found: NodeJS.ProcessEnv = { ...env }
  for (const [name, { account, called = account, key, secret }] of credentials) {
    const prefix = `SANDGATE_${name.toUpperCase()}`
    found[`${prefix}_ACCOUNT`] ??= called
    found[`${prefix}_KEY`] ??= key
    if (secret !== undefined) found[`${prefix}_SECRET`] ??= secret
    found[`${prefix}_URL`] = world.provider(name).baseUrl
  }
  return { ...found, SANDGATE_URL: sandbox.url, SANDGATE_WORLD: world.id, SANDGATE_SEED: seed }
}

/** Moves time until nothing is due. Answers whether nothing was. */
async function settle(world: api.World): Promise<boolean> {
  let quiet = true
  for (let moves = 0; moves < MOVES; moves++)
    try {
      const happened = await world.clock.advance({ until: 'quiet' })
      return quiet && happened.length === 0
    } catch (error) {
      // There is more than one call goes through.
      if (!(error instanceof SandgateError && error.code === 'advance_limit')) throw error
      quiet = false
    }
  return false
}

async function differences(
  oracle: RunOracle,
  options: Parameters<RunOracle['read']>[0],
  { providers, net }: Setting,
  world: api.World,
): Promise<readonly Difference[] | UnreadableBooks> {
  try {
    const rows = readBooks(await oracle.read(options), [...providers.keys()])
    return differencesOf(rows, await movedIn(world, net))
  } catch (error) {
    if (error instanceof UnreadableBooks) return new UnreadableBooks(`--oracle ${oracle.name}: ${error.message}`)
    throw error
  }
}

function ofCommand({ status, signal, timedOut, output }: Ended): Failure[] {
  if (timedOut) return [{ key: 'timeout', says: 'the command did not end in time' }]
  if (status === 0) return []
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Node.js v'))
  const last = (lines.findLast((line) => /error|fail/i.test(line)) ?? lines.at(-1))?.trim().slice(0, 200)
  const how = signal === null ? `the command ended with the status ${status}` : `the command was ended by ${signal}`
  return [{ key: `exit:${status ?? signal}`, says: last ? `${how}: ${last}` : how }]
}

function ofBooks(books: readonly Difference[] | UnreadableBooks | undefined): Failure[] {
  if (books instanceof UnreadableBooks) return [{ key: 'oracle:unreadable', says: books.message }]
  return (books ?? []).map(({ provider, kind, amount, says }) => ({
    key: `oracle:${provider}:${kind}:${amount}`,
    says,
  }))
}

function ofFindings(findings: readonly api.Finding[]): Failure[] {
  return findings.map(({ kind, provider, says }) => ({ key: `finding:${kind}:${provider}`, says: `${kind}: ${says}` }))
}
