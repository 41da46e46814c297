// Calls of the control API. What it refuses becomes a `Problem`, whose message is a sentence for people.
import { DEFAULT_WORLD } from '../router.ts'
import { authorization, otherToken, token } from './token.ts'

/** Why a call was refused, or that nobody answered (`no_answer`). */
export class Problem extends Error {
  readonly code: string
  readonly status: number
  /** The field of the input that is wrong. */
  readonly field: string | undefined
  /** Every sentence, where there are several. */
  readonly problems: readonly string[]

  constructor(detail: string, code: string, status = 0, field?: string, problems: readonly string[] = [detail]) {
    super(detail)
    this.code = code
    this.status = status
    this.field = field
    this.problems = problems
  }
}

/** The path of the control API of a world. */
export function controlOf(world: string): string {
  return world === DEFAULT_WORLD ? '/_sandgate' : `/w/${encodeURIComponent(world)}/_sandgate`
}

/** A query of those that are defined and not empty, with its question mark. */
export function queryOf(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const said = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  return said.length === 0
    ? ''
    : `?${new URLSearchParams(said.map(([name, value]): [string, string] => [name, String(value)]))}`
}

export interface Sending {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is. */
  readonly yaml?: string
  /** JSON that somebody has as a file, sent as it is. */
  readonly file?: Blob
  readonly accept?: string
  readonly signal?: AbortSignal
}

/** Calls the control API, with the token where there is one. Rejects with a `Problem`. */
export async function call(world: string, path: string, sending: Sending = {}): Promise<Response> {
  for (;;) {
    const sent = token()
    const answer = await answerOf(world, path, sending)
    if (answer.ok) return answer
    const problem = await problemOf(answer)
    if (answer.status !== 401) throw problem
    await otherToken(sent)
  }
}

/** Calls the control API, and reads what it answers as JSON; undefined where there is no body. */
export async function api<Answer>(world: string, path: string, sending: Sending = {}): Promise<Answer> {
  const text = await (await call(world, path, sending)).text()
  return (text === '' ? undefined : JSON.parse(text)) as Answer
}

async function answerOf(
  world: string,
  path: string,
  { method = 'GET', body, yaml, file, accept, signal }: Sending,
): Promise<Response> {
  const json = body === undefined && file === undefined ? undefined : 'application/json'
  const type = yaml === undefined ? json : 'application/yaml'
  try {
    return await fetch(`${controlOf(world)}${path}`, {
      method,
      headers: {
        ...authorization(),
        ...(accept !== undefined && { accept }),
        ...(type !== undefined && { 'content-type': type }),
      },
      ...(type !== undefined && { body: yaml ?? file ?? JSON.stringify(body) }),
      ...(signal && { signal }),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem(`the sandbox at ${location.origin} does not answer; is it still running?`, 'no_answer')
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text().catch(() => '')
  try {
    const { detail, code, field, problems } = JSON.parse(text)
    if (typeof detail === 'string') return new Problem(detail, String(code), answer.status, field, problems)
  } catch {
    // A proxy in between speaks for itself.
  }
  return new Problem(
    `${answer.url} answered ${answer.status} ${answer.statusText}, and not as Sandgate does: ${text.slice(0, 200)}`,
    'not_sandgate',
    answer.status,
  )
}
