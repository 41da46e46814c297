// One HTTP call, and what can become of it: an answer, or nothing that we could rely on.
import { Agent, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const TIMEOUT_MS = 10_000
/** How often a call is made at once. Three, because whoever asks the same a fourth time is polling. */
const ATTEMPTS = 3

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answer {
  readonly status: number
  readonly json: any
}

/** Nobody knows whether the call was handled: the answer was lost or spoiled, or the provider could not say. */
export class Unknown extends Error {}

/** The provider has said no. */
export class Refused extends Error {
  readonly status: number
  readonly json: any

  constructor(what: string, { status, json }: Answer) {
    super(`${what} was refused with ${status}`)
    this.status = status
    this.json = json
  }
}

/** One call. Throws `Unknown` when there is no whole answer in JSON. */
export function send({ method, url, headers = {}, body }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Unknown(`${method} ${new URL(url).pathname}: ${why}`))
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const out = request(url, { method, agent, timeout: TIMEOUT_MS, headers: { ...headers, ...length } }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('error', () => fail('the answer broke off'))
      answer.on('end', () => {
        if (!answer.complete) return fail('the answer broke off')
        try {
          resolve({ status: answer.statusCode!, json: JSON.parse(Buffer.concat(parts).toString() || 'nothing') })
        } catch {
          fail(`${answer.statusCode}, and not in JSON`)
        }
      })
    })
    out.on('timeout', () => out.destroy(new Error('no answer in time')))
    out.on('error', (error) => fail(error.message))
    out.end(body)
  })
}

/**
 * The call of a provider, made again at once while nobody knows what came of it. `sign` makes a signature of its own for every attempt; what the call
 * says, its idempotency key included, is the same each time. `read` takes what is needed out of the answer, and throws when it is not there.
 */
export async function ask<T>(what: string, sign: (attempt: number) => Call, read: (json: any) => T): Promise<T> {
  let last = new Unknown(`${what} was not tried`)
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      const answer = await send(sign(attempt))
      const { status } = answer
      if (status >= 200 && status < 300) return readable(what, () => read(answer.json))
      if (status < 500 && status !== 408) throw new Refused(what, answer)
      last = new Unknown(`${what} was answered with ${status}`)
    } catch (error) {
      if (!(error instanceof Unknown)) throw error
      last = error
    }
  }
  throw last
}

function readable<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Unknown(`${what} was answered with something else: ${(error as Error).message}`)
  }
}

/** The text that should be there. */
export function text(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new Error(`expected text, got ${JSON.stringify(value)}`)
  return value
}

/** The id that should be there, text or a whole number. */
export function id(value: unknown): string {
  return Number.isSafeInteger(value) ? String(value) : text(value)
}

/** The list that should be there. */
export function list(value: unknown): any[] {
  if (!Array.isArray(value)) throw new Error(`expected a list, got ${JSON.stringify(value)}`)
  return value
}
