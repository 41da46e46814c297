// Somebody who talks to processes that the test names, where the load would let the balancer choose.
import * as cpg from '../clients/cpg.ts'
import type { Listener } from './balancer.ts'
import { type ProviderName, Signer } from './calls.ts'
import { type Answer, ask, type Failure } from './node.ts'
import type { Request } from '../kit.ts'
import type { Receiver } from './receiver.ts'

export class Partner {
  readonly world: string
  readonly #signer = new Signer()

  constructor(world: string) {
    this.world = world
  }

  /** A signed call; `wallMs` is that process's clock. */
  call(node: Listener, provider: ProviderName, request: Request, wallMs = Date.now()): Promise<Answer | Failure> {
    return ask(node.port, this.#signer.sign(provider, request, this.world, wallMs))
  }

  /** A call of the control API of this world. */
  control(node: Listener, method: string, path: string, body?: unknown): Promise<Answer | Failure> {
    return askControl(node, method, `/w/${this.world}/_sandgate${path}`, body)
  }

  /** The JSON of a call of the control API, which has to go well. */
  async json(node: Listener, method: string, path: string, body?: unknown): Promise<any> {
    const answer = await this.control(node, method, path, body)
    if (typeof answer === 'string' || answer.status > 299)
      throw new Error(`${node.name}: ${method} ${path} in ${this.world}: ${JSON.stringify(answer)}`)
    return answer.text === '' ? undefined : JSON.parse(answer.text)
  }

  /** An address of CPG's out of the pool. */
  async allocate(
    node: Listener,
    key: string,
    wallMs?: number,
  ): Promise<{ readonly id: number; readonly address: string }> {
    const answer = await this.call(node, 'cpg', cpg.allocation({ idempotency_key: key }), wallMs)
    if (typeof answer === 'string' || answer.status !== 200)
      throw new Error(`${node.name}: ${key} in ${this.world}: ${JSON.stringify(answer)}`)
    const { data } = JSON.parse(answer.text)
    return { id: data.request_id, address: data.address }
  }

  /** The world's clock, ms. */
  async now(node: Listener): Promise<number> {
    return Date.parse((await this.json(node, 'GET', '/clock')).now)
  }

  async subscribe(node: Listener, provider: ProviderName, receiver: Receiver): Promise<void> {
    const url = receiver.urlFor(this.world, provider)
    const { secret } = await this.json(node, 'PUT', `/callbacks/endpoints/${provider}`, { url })
    receiver.knows(this.world, provider, secret)
  }
}

/** A call of the control API; its path as it stands on the request line. */
export function askControl(node: Listener, method: string, path: string, body?: unknown): Promise<Answer | Failure> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  return ask(node.port, {
    method,
    path,
    ...(text !== undefined && { body: text, headers: { 'content-type': 'application/json' } }),
  })
}
