// What the detectors of mistakes are shown, and what they tell: one journal entry after another, each call with its body read once.
import type { Contract, ContractOperation } from '../contract/contract.ts'
import type { FindingKind, Pitfalls, Provider } from '../provider.ts'
import type { CallEntry, JournalEntry } from '../world/journal.ts'
import type { World } from '../world/world.ts'

/** Where mistakes are looked for. */
export interface Scene {
  readonly world: World
  readonly providers: ReadonlyMap<string, Provider>
  readonly contract: (provider: string) => Contract
}

/** A mistake as a detector tells it. */
export interface Mistake {
  readonly provider: string
  /** Mistakes of one kind with the same subject are one finding. No secret, and nothing that differs from call to call. */
  readonly subject: string
  /** What was seen. */
  readonly says: string
  /** What to do. */
  readonly advice: string
  /** The provider's rule behind it; left out: the one of this kind. */
  readonly rule?: string | undefined
  /** The entries that show it, oldest first. */
  readonly entries: readonly number[]
  /** How often it happened in these entries; once unless given. */
  readonly count?: number
}

/** Looks at a journal, oldest entry first. */
export interface Watch {
  see(entry: JournalEntry, call: SeenCall | undefined): void
  /** Tells what can be told only when all is seen. */
  end?(): void
}

/** One idea of what a mistake looks like. */
export interface Detector {
  readonly kind: FindingKind
  begin(scene: Scene, tell: (mistake: Mistake) => void): Watch
}

/** Numbers, texts and the like: what stands at the end of a path through a JSON value. */
export type Leaf = readonly [path: readonly string[], value: unknown]

/** How deep a body is looked into. */
const DEPTH_MAX = 20

/** A provider's call, with what several detectors ask of it. */
export class SeenCall {
  readonly entry: CallEntry
  readonly provider: Provider
  readonly #scene: Scene
  #json: { readonly value: unknown } | undefined

  constructor(entry: CallEntry, provider: Provider, scene: Scene) {
    this.entry = entry
    this.provider = provider
    this.#scene = scene
  }

  get pitfalls(): Pitfalls {
    return this.provider.pitfalls ?? NO_PITFALLS
  }

  /** The body as text; empty where there is none. */
  get text(): string {
    return this.entry.request.body?.toString('utf8') ?? ''
  }

  /** The body as JSON; undefined where it is none. */
  get json(): unknown {
    return (this.#json ??= { value: parsed(this.text) }).value
  }

  /** Who called: the account and which of its keys. Empty where nobody was let in. */
  get who(): string {
    const { caller } = this.entry
    const { identity } = this.provider
    return caller === undefined
      ? ''
      : JSON.stringify([identity.account(caller), identity.key(caller, this.#scene.world)])
  }

  /** The account that called; undefined where nobody was let in. */
  get account(): string | undefined {
    return this.entry.caller === undefined ? undefined : this.provider.identity.account(this.entry.caller)
  }

  get succeeded(): boolean {
    const { status } = this.entry
    return status !== undefined && status < 400
  }

  /** Whether it only looks. */
  get looks(): boolean {
    const { method, operation } = this.entry
    return method === 'GET' || (operation !== undefined && this.pitfalls.looks?.includes(operation) === true)
  }

  /** What it is called in a sentence: its operation, else its method. */
  get name(): string {
    return this.entry.operation ?? `a ${this.entry.method} call of no operation`
  }

  /** What idempotency decided about it. */
  get repeated(): { readonly decided?: string; readonly first_entry?: number } {
    const { idempotency: note } = this.entry.notes
    return isObject(note) ? note : {}
  }

  /** Its operation in the provider's document. */
  get documented(): ContractOperation | undefined {
    const { operation } = this.entry
    return operation === undefined
      ? undefined
      : this.#scene.contract(this.provider.name).operations.find(({ id }) => id === operation)
  }

  header(name: string): string | undefined {
    const value = this.entry.request.headers[name]
    return typeof value === 'string' ? value : undefined
  }
}

const NO_PITFALLS: Pitfalls = { rules: {} }

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Everything in a JSON value that has nothing inside of it. `inside`: whether to look into what is there. */
export function* leavesOf(
  value: unknown,
  inside: (value: object) => boolean = () => true,
  path: readonly string[] = [],
): Generator<Leaf> {
  if (typeof value !== 'object' || value === null || path.length >= DEPTH_MAX || !inside(value)) yield [path, value]
  else for (const name of Object.keys(value)) yield* leavesOf((value as any)[name], inside, [...path, name])
}

/** Whether two moments are so close on both clocks, ms. */
export function isWithin(ms: number, earlier: CallEntry, later: CallEntry): boolean {
  return later.at - earlier.at <= ms && later.request.wallMs - earlier.request.wallMs <= ms
}
