// An answer for an operation that no provider models: what the document gives as an example, else a value of its schema, seeded by name, and held against
// the contract before it leaves. The making is left to a thread of its own, sample-worker.ts, that starts with the first such call.
import { Worker } from 'node:worker_threads'
import type { Answer, Call } from '../provider.ts'
import { ROOT } from '../runtime/package.ts'
import type { World } from '../world/world.ts'
import type { Contract, ContractOperation, Match } from './contract.ts'
import type { Picked, Question } from './sample-worker.ts'

/** How often a value that is off contract is drawn anew, first as it comes, then with nothing that may be left out. */
const DRAWS = 8

/** Among the compiled program, whether this runs from `src` or from `dist`. */
const WORKER = new URL('dist/contract/sample-worker.js', ROOT)

/** Makes samples; its thread is kept, and keeps no process alive. */
export class Sampler {
  readonly #thread = new Thread()
  readonly #picked = new WeakMap<ContractOperation, Promise<Picked>>()

  /** The sample of this number for a call that has passed every check: it is not judged once more. */
  // rule: sandgate.sampled, rule: sandgate.sampled.once
  readonly answer = async (
    contract: Contract,
    call: Call,
    { operation }: Match,
    number: number,
    world: World,
  ): Promise<Answer> => {
    const picked = await this.#pick(contract, operation)
    const seed = world.draw('sample', call.provider, operation.id, number).below(2 ** 32)
    const { status, mediaType, schema } = contract.responseOf(operation, picked.status ?? 200)
    call.note('sampled', `${operation.id} is not modelled: this answer was made up from the document`)
    const fits = (body: unknown) => contract.judgeAnswer(operation, status, mediaType, body).length === 0
    const body =
      picked.example !== undefined && fits(picked.example)
        ? picked.example
        : schema
          ? await this.#fill(schema, seed, fits)
          : mediaType && (/json|\*/.test(mediaType) ? {} : '')
    return { status, headers: { ...(mediaType && { 'content-type': mediaType }), 'x-sandgate': 'sampled' }, body }
  }

  /** It depends on the document alone. */
  #pick(contract: Contract, operation: ContractOperation): Promise<Picked> {
    let picked = this.#picked.get(operation)
    if (!picked) {
      picked = this.#thread.ask<Picked>({ pick: { file: contract.file, operation: operation.id } })
      this.#picked.set(operation, picked)
      picked.catch(() => this.#picked.delete(operation))
    }
    return picked
  }

  /** The first draw that fits; where none does, the last one, which the journal then calls off contract. */
  async #fill(schema: object, seed: number, fits: (body: unknown) => boolean): Promise<unknown> {
    let body: unknown
    for (let draw = 0; draw < 2 * DRAWS; draw++) {
      body = await this.#thread.ask({ fill: { schema, seed: (seed + draw) % 2 ** 32, sparing: draw >= DRAWS } })
      if (fits(body)) return body
    }
    return body
  }
}

interface Waiting {
  resolve(answer: any): void
  reject(error: Error): void
}

class Thread {
  #worker: Worker | undefined
  readonly #waiting = new Map<number, Waiting>()
  #asked = 0

  ask<Answered>(question: Question): Promise<Answered> {
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#asked
    return new Promise<Answered>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      // Who waits for an answer is not to find the process gone.
      worker.ref()
      worker.postMessage({ id, question })
    })
  }

  #start(): Worker {
    const worker = new Worker(WORKER, { name: 'sandgate samples', execArgv: [] })
    worker.unref()
    worker.on(
      'message',
      ({ id, answer, error }: { readonly id: number; readonly answer?: unknown; readonly error?: string }) => {
        const waiting = this.#waiting.get(id)
        this.#waiting.delete(id)
        if (this.#waiting.size === 0) worker.unref()
        if (error === undefined) waiting?.resolve(answer)
        else waiting?.reject(new Error(error))
      },
    )
    worker.on('error', (error) => this.#end(worker, error))
    worker.on('exit', () => this.#end(worker, new Error('the thread that makes samples has ended')))
    return worker
  }

  #end(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
