// A provider's call from bytes to bytes: found by its path, host or key, read, answered, written. It never goes through a router.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Incoming } from '../contract/received-call.ts'
import type { Engine } from '../engine/engine.ts'
import type { Provider } from '../provider.ts'
import { receive } from '../runtime/body.ts'
import type { Queue } from '../runtime/queue.ts'
import type { World } from '../world/world.ts'
import { reply } from './call.ts'
import type { ProviderRuntime, Sent } from './exchange.ts'
import { answerProblem } from './malformed.ts'
import { send, Turn } from './send.ts'
import { incomingOf, type Target, targetOf } from './target.ts'

export interface ProviderServerOptions {
  readonly engine: Engine
  readonly runtimes: ReadonlyMap<string, ProviderRuntime>
  /** Bytes that a body may have. */
  readonly bodyBytes: number
  /** Where long bodies take turns. */
  readonly queue: Queue
  readonly pause: (ms: number) => Promise<void>
  /** Where bugs are told. */
  readonly complain: (message: string, error?: unknown) => void
  /** Hears of every call that was answered, `ms` after its last byte. */
  readonly answered: (incoming: Incoming, provider: Provider, world: World, sent: Sent, ms: number) => void
}

export class ProviderServer {
  /** Whether connections stay open behind an answer: only while the sandbox listens. */
  keepsAlive = false
  readonly #options: ProviderServerOptions
  /** Answers that a scenario keeps back for ever: they end with the connection, or with the sandbox. */
  readonly #hanging = new Set<ServerResponse>()
  readonly #turn = new Turn()
  #closed = false

  constructor(options: ProviderServerOptions) {
    this.#options = options
  }

  /** Answers the request, if it is for a provider. */
  serves(req: IncomingMessage, res: ServerResponse): boolean {
    const { engine, runtimes, bodyBytes, queue } = this.#options
    const target = targetOf(req, runtimes, engine.worlds)
    if (!target) return false
    const { world } = target
    if (world) receive(req, bodyBytes, queue, (body) => this.#answer(req, res, target, world, body))
    else
      answerProblem(res, {
        status: 404,
        code: 'world_not_found',
        detail: `there is no world "${engine.secrets.hide(String(target.worldId))}"; GET /_sandgate/worlds lists those there are`,
      })
    return true
  }

  /** Who is kept waiting for ever is let go, and so is everybody who is answered from now on. */
  close(): void {
    this.#closed = true
    this.keepsAlive = false
    for (const res of this.#hanging) res.socket?.destroy()
  }

  #answer(req: IncomingMessage, res: ServerResponse, target: Target, world: World, body: Buffer | undefined): void {
    const begin = performance.now()
    const { engine, pause, complain, answered } = this.#options
    const { runtime } = target
    const incoming = incomingOf(req, target, body, engine.wall())
    const failed = (error: unknown): void => {
      const { method, linePath, headers } = incoming
      complain(`no answer could be made for ${method} ${engine.secrets.hide(linePath, { headers, world })}`, error)
      if (!res.headersSent) answerProblem(res, { status: 500, detail: 'a bug in Sandgate; stderr has it' })
    }
    const leave = (sent: Sent): void => {
      try {
        send(res, sent, body === undefined || !this.keepsAlive, pause, this.#closed ? undefined : this.#hanging)
        const ms = performance.now() - begin
        world.journal.took(sent.told.entry, ms)
        answered(incoming, runtime.provider, world, sent, ms)
      } catch (error) {
        failed(error)
      }
    }
    reply(incoming, runtime, world).then((sent) => this.#turn.atEnd(() => leave(sent)), failed)
  }
}
