// A provider's call from bytes to bytes: found by its path, host or key, read, answered, written. It never goes through a router.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Incoming } from '../contract/received-call.ts'
import { StorageError } from '../engine/commit.ts'
import type { Engine } from '../engine/engine.ts'
import type { Provider } from '../provider.ts'
import { receive } from '../runtime/body.ts'
import type { Queue } from '../runtime/queue.ts'
import type { World } from '../world/world.ts'
import { reply } from './call.ts'
import type { ProviderRuntime, Sent } from './exchange.ts'
import { answerProblem } from './malformed.ts'
import { send, Turn } from './send.ts'
import { incomingOf, type Target, targetOf, worldsOf } from './target.ts'

/** How often a call is made again whose world another process took meanwhile. */
const TAKEN_MOST = 5

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
    if (engine.commit.shared) return this.#servesShared(req, res)
    const target = targetOf(req, runtimes, engine.worlds)
    if (!target) return false
    const { world } = target
    if (world) receive(req, bodyBytes, queue, (body) => this.#answer(req, res, target, world, body))
    else this.#noWorld(res, target.worldId)
    return true
  }

  /** The same where another process may serve the world: it is asked for once the call is there. */
  #servesShared(req: IncomingMessage, res: ServerResponse): boolean {
    const { runtimes, bodyBytes, queue } = this.#options
    const ids = worldsOf(req, runtimes)
    if (!ids) return false
    receive(req, bodyBytes, queue, (body) => {
      void this.#acquire(ids).then((found) => {
        const target = targetOf(req, runtimes, { get: (id) => (found?.id === id ? found : undefined) })!
        if (found) this.#answer(req, res, target, found, body)
        else this.#noWorld(res, target.worldId)
      })
    })
    return true
  }

  /** The first of these worlds that there is; one that says so where nothing can be read now. */
  async #acquire(ids: readonly string[]): Promise<World | undefined> {
    const { engine, complain } = this.#options
    try {
      for (const id of ids) {
        const world = await engine.claims.acquire(id)
        if (world) return world
      }
      return undefined
    } catch (error) {
      if (!(error instanceof StorageError)) complain(`the world "${ids[0]}" could not be asked for`, error)
      return engine.worlds.blank(ids[0], error instanceof StorageError ? error.message : 'a bug in Sandgate')
    }
  }

  #noWorld(res: ServerResponse, id: string | undefined): void {
    answerProblem(res, {
      status: 404,
      code: 'world_not_found',
      detail: `there is no world "${this.#options.engine.secrets.hide(String(id))}"; GET /_sandgate/worlds lists those there are`,
    })
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
    const leave = (sent: Sent, world: World): void => {
      try {
        send(res, sent, body === undefined || !this.keepsAlive, pause, this.#closed ? undefined : this.#hanging)
        const ms = performance.now() - begin
        world.journal.took(sent.told.entry, ms)
        answered(incoming, runtime.provider, world, sent, ms)
      } catch (error) {
        failed(error)
      }
    }
    const answer = (sent: Sent, world: World) => this.#turn.atEnd(() => leave(sent, world))
    const again = () =>
      this.#again(incoming, runtime, world.id).then(
        (last) => (last ? answer(last.sent, last.world) : this.#noWorld(res, world.id)),
        failed,
      )
    reply(incoming, runtime, world).then((sent) => (sent.taken ? void again() : answer(sent, world)), failed)
  }

  // rule: sandgate.shared.fenced
  /** Another process took the world before this call was stored: it is made again, on what the world is by now. Undefined: it is gone. */
  async #again(
    incoming: Incoming,
    runtime: ProviderRuntime,
    id: string,
  ): Promise<{ readonly sent: Sent; readonly world: World } | undefined> {
    for (let times = 0; times < TAKEN_MOST; times++) {
      const world = await this.#acquire([id])
      if (!world) return undefined
      const sent = await reply(incoming, runtime, world)
      if (!sent.taken) return { sent, world }
    }
    const world = this.#options.engine.worlds.blank(id, 'other processes keep taking it')
    return { sent: await reply(incoming, runtime, world), world }
  }
}
