// What every use case works with. engine.ts makes one of these; the use cases stand in the files beside it.
import type { Contract } from '../contract/contract.ts'
import type { Provider } from '../provider.ts'
import type { ControlAction } from '../world/journal.ts'
import type { World } from '../world/world.ts'
import type { Claims } from './claims.ts'
import type { Commit } from './commit.ts'
import { didYouMean } from '../text/suggest.ts'
import { SandgateError } from './errors.ts'
import type { Integrity } from './integrity.ts'
import type { Recorder } from './recorder.ts'
import type { Registry } from './registry.ts'
import type { Secrets } from './secrets.ts'
import type { Worlds } from './worlds.ts'

/** Sends callbacks that are due; what the use cases know of it. */
export interface Outbox {
  /** Sends every attempt of this world that is due. */
  pump(world: World): void
  /** Whether an attempt of this world is on its way. */
  busy(world: World): boolean
  /** A place among everything that fell due: whoever takes it can wait for what falls due later. */
  mark(): number
  /** Resolves when what fell due after the mark is answered, except for receivers that wait for the caller. */
  settled(world: World, mark?: number): Promise<void>
  /** Why callbacks may not go to this URL; undefined: they may. */
  refuse(target: URL): string | undefined
}

export interface Context {
  readonly providers: ReadonlyMap<string, Provider>
  /** The OpenAPI document of a provider. */
  contract(provider: string): Contract
  readonly worlds: Worlds
  /** The way to worlds that another process may serve. */
  readonly claims: Claims
  readonly registry: Registry
  readonly integrity: Integrity
  readonly commit: Commit
  readonly recorder: Recorder
  readonly outbox: Outbox
  /** What has to stay out of everything that people read. */
  readonly secrets: Secrets
  /** The wall clock, ms since 1970. */
  readonly wall: () => number
  /** Lets world time pass as far as the wall clock says, and sends what is due. */
  tick(world: World): void
}

/** Writes the journal entry of a control call that changed something. */
export function note(world: World, action: ControlAction, summary: string): void {
  world.journal.add({ kind: 'control', at: world.now, action, summary })
}

/** Throws `world_stopped`: time does not pass in this world, so nothing that needs it is promised. */
// rule: sandgate.worlds.stopped
export function refuseStopped({ id, stopped }: World): void {
  if (!stopped) return
  const { reason, rows } = stopped
  throw new SandgateError(
    'world_stopped',
    `the world "${id}" is ${rows === 'good' ? 'frozen' : 'not served'}: ${reason}. POST reset starts it over, PUT snapshot restores a state, DELETE /_sandgate/worlds/${id} deletes it`,
  )
}

/** The provider of that name. Throws `provider_not_found`. */
export function providerNamed(name: string, { providers }: Pick<Context, 'providers'>): Provider {
  const provider = providers.get(name)
  if (!provider) throw new SandgateError('provider_not_found', unknownName({ provider: name }, { providers })!)
  return provider
}

/** Why nothing has these names: there is no such provider, or it, or any of them, has no such operation. Undefined: there is. */
export function unknownName(
  { provider, operation }: { readonly provider?: string | undefined; readonly operation?: string | undefined },
  { providers, contract }: { readonly providers: Context['providers']; readonly contract?: Context['contract'] },
): string | undefined {
  const named = [...providers.values()].filter(({ name }) => provider === undefined || name === provider)
  if (named.length === 0) return `there is no provider "${provider}"${didYouMean(provider!, [...providers.keys()])}`
  if (operation === undefined || !contract) return undefined
  const known = named.flatMap(({ name }) => contract(name).operations.map(({ id }) => id))
  return known.includes(operation)
    ? undefined
    : `${provider === undefined ? 'no provider has an' : `${named[0]!.title} has no`} operation "${operation}"${didYouMean(operation, known)}`
}
