// A call as it arrived, with what is expensive to know found out only when somebody asks.
import type { IncomingHttpHeaders } from 'node:http'
import type { Answer, Call, Content, Problem, Provider, Refusal } from '../provider.ts'
import type { ReceivedRequest } from '../world/journal.ts'
import type { WithdrawalFate } from '../world/withdrawals.ts'
import { bodyText, readContent } from './content.ts'
import { PARTS_MAX } from './partial.ts'
import type { Contract, Match } from './contract.ts'

/** A request as a provider's call. */
export interface Incoming extends ReceivedRequest {
  /** What stands behind a dot after the key, and is the id of no world. */
  readonly unknownWorldSuffix?: string | undefined
}

const EMPTY = Buffer.alloc(0)

export function originOf({ origin, headers }: ReceivedRequest): string {
  return origin ?? `http://${headers.host}`
}

export class ReceivedCall implements Call {
  readonly #incoming: Incoming
  readonly #provider: Provider
  readonly #contract: Contract
  #content: Content | undefined
  #problems: Problem[] | undefined
  /** The operation that method and path mean, if any. */
  readonly match: Match | undefined
  readonly provider: string
  readonly operation: string | undefined
  readonly needs: string | undefined
  rules: readonly string[] = []
  readonly notes: Record<string, unknown> = {}
  caller: any = undefined
  fate: WithdrawalFate | undefined
  /** Hears of what this call makes, at once: callbacks about it may leave in the same change. */
  made: ((object: string) => void) | undefined

  constructor(incoming: Incoming, provider: Provider, contract: Contract) {
    this.#incoming = incoming
    this.#provider = provider
    this.#contract = contract
    this.match = contract.match(incoming.method, incoming.path)
    this.provider = provider.name
    this.operation = this.match?.operation.id
    this.needs = this.operation === undefined ? undefined : provider.needs?.[this.operation]
  }

  get incoming(): Incoming {
    return this.#incoming
  }

  get method(): string {
    return this.#incoming.method
  }

  get path(): string {
    return this.#incoming.path
  }

  get linePath(): string {
    return this.#incoming.linePath
  }

  get query(): string | undefined {
    return this.#incoming.query
  }

  get headers(): IncomingHttpHeaders {
    return this.#incoming.headers
  }

  get body(): Buffer {
    return this.#incoming.body ?? EMPTY
  }

  get bodyTooLarge(): boolean {
    return this.#incoming.body === undefined
  }

  get ip(): string {
    return this.#incoming.ip
  }

  get origin(): string {
    return originOf(this.#incoming)
  }

  get wallMs(): number {
    return this.#incoming.wallMs
  }

  get params(): Readonly<Record<string, string>> {
    return this.match?.params ?? {}
  }

  get queryValues(): Readonly<Record<string, unknown>> {
    return this.match ? this.#contract.queryValues(this.match.operation, this.query) : {}
  }

  get content(): Content {
    return (this.#content ??= readContent(
      this.body,
      this.headers['content-type'],
      this.#provider.readsJson,
      this.#provider.jsonEncodings,
      this.match && this.body.length > PARTS_MAX ? this.#contract.shapeOf(this.match.operation) : undefined,
    ))
  }

  get text(): string {
    return bodyText(this.body, this.#provider.jsonEncodings) ?? this.body.toString('utf8')
  }

  get allowed(): readonly string[] {
    return this.#contract.allowed(this.path)
  }

  get problems(): readonly Problem[] {
    return (this.#problems ??= this.match ? this.#contract.judgeCall(this.match.operation, this) : [])
  }

  because(...rules: string[]): void {
    this.rules = this.rules.length === 0 ? rules : [...this.rules, ...rules]
  }

  concerns(object: string): void {
    this.made?.(object)
  }

  note(key: string, value: unknown): void {
    this.notes[key] = value
  }

  refuse(refusal: Refusal): Answer {
    const make = this.#provider.refusals[refusal.name]
    if (!make) throw new Error(`${this.provider} has no refusal ${refusal.name}`)
    return make(refusal.detail, this)
  }
}
