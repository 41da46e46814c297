// What is told of each call, callback and control call: to the metrics, and to the log where there is one.
import type { IncomingHttpHeaders } from 'node:http'
import { Metrics } from './metrics.ts'
import type { Secrets } from '../engine/secrets.ts'
import type { Log } from './log.ts'
import type { FaultRule } from '../scenario/faults.ts'
import type { Provider } from '../provider.ts'
import type { Attempt, Delivery } from '../world/outbox.ts'
import type { World } from '../world/world.ts'

/** A provider's call, as far as it is observed. */
interface Request {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

/** How it ended. */
interface Response {
  readonly status: number
  /** Set: the connection was cut instead. */
  readonly drop?: unknown
  readonly told: {
    readonly operation: string | undefined
    readonly entry: number
    readonly refusal: string | undefined
    readonly hint: string | undefined
    readonly caller?: unknown
    readonly struck?: readonly FaultRule[] | undefined
  }
}

export class Observer {
  readonly metrics = new Metrics()
  readonly log: Log | undefined

  readonly #secrets: Secrets

  constructor(log: Log | undefined, secrets: Secrets) {
    this.log = log
    this.#secrets = secrets
  }

  /** A provider's call was answered, `ms` after its last byte. */
  call(
    { method, path, headers }: Request,
    { name: provider, identity }: Provider,
    world: World,
    { status, told, drop }: Response,
    ms: number,
  ): void {
    const { operation, entry, refusal, hint, caller, struck = [] } = told
    const seen = drop ? 0 : status
    this.metrics.call(provider, operation, seen)
    if (struck.length > 0) this.metrics.struck(provider, struck)
    // The path of an operation is not told.
    const shown = operation === undefined && this.log ? this.#secrets.hide(path, { headers, world }) : path
    this.log?.call({
      world: world.id,
      provider,
      operation,
      account: caller === undefined ? undefined : identity.account(caller),
      method,
      path: shown,
      status: seen,
      ms,
      entry,
      refusal,
      hint,
      faults: struck.length,
    })
  }

  /** An attempt to deliver a callback ended. */
  callback({ id, provider, event, attempts }: Delivery, { status, error }: Attempt, world: World): void {
    this.metrics.attempt(provider, event, error === null ? 'delivered' : status === null ? 'unanswered' : 'refused')
    this.log?.callback({ world: world.id, provider, event, delivery: id, attempt: attempts.length + 1, status, error })
  }

  /** Express tells of every request; those that get here are not a provider's. */
  readonly control = (
    { method, path }: { method: string; path: string },
    res: { statusCode: number; once(event: 'finish', listener: () => void): unknown },
    next: () => void,
  ): void => {
    if (this.log?.wants('debug'))
      res.once('finish', () => this.log!.say('debug', `${method} ${this.#secrets.hide(path)} ${res.statusCode}`))
    next()
  }
}
