// `sandgate health`: whether a running sandbox is well, at once or as soon as it is.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { UsageError } from '../engine/errors.ts'
import { durationMs } from '../text/durations.ts'
import { ask, baseUrl, bearer, jsonOf, unanswered, type Where, whereFlags } from './where.ts'

/** How long one question may take, and how long it is until the next one. */
const ANSWER_MS = 5_000
const AGAIN_MS = 50

export function define(command: Command): void {
  whereFlags(command)
    .addOption(new Option('--wait <duration>', 'wait until it is healthy, at most this long: 30s').argParser(duration))
    .action(async (flags: Where & { wait?: number }) => {
      console.log(await wellWithin(flags.wait ?? 0, flags))
    })
}

// rule: sandgate.health
async function wellWithin(waitMs: number, where: Where): Promise<string> {
  const end = performance.now() + waitMs
  for (;;) {
    const left = end - performance.now()
    const answer = await ask(
      'GET',
      `${baseUrl(where)}/_sandgate/health`,
      bearer(where),
      undefined,
      waitMs > 0 ? Math.min(ANSWER_MS, Math.max(left, 1)) : ANSWER_MS,
    ).catch((error: Error) => error)
    if (!(answer instanceof Error) && answer.status === 200 && jsonOf(answer.text)?.status === 'ok') return answer.text
    // Waiting mends no token and no host.
    const final = !(answer instanceof Error) && answer.status >= 400 && answer.status < 500
    if (final || left <= AGAIN_MS)
      throw new UsageError(
        `no healthy sandbox at ${baseUrl(where)}${waitMs > 0 && !final ? ` within ${waitMs / 1000} s` : ''}: ${why(answer)}`,
      )
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
}

function why(answer: { readonly status: number; readonly text: string } | Error): string {
  if (answer instanceof Error) return unanswered(answer)
  return `${answer.status}${jsonOf(answer.text)?.detail ? `: ${jsonOf(answer.text).detail}` : ', which is not an answer of Sandgate'}`
}

function duration(text: string): number {
  const ms = durationMs(text)
  if (ms === undefined) throw new InvalidArgumentError(`expected a duration such as 30s, got "${text}"`)
  return ms
}
