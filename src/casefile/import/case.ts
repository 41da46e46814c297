// A partner's calls to the real provider as a case file: the recorded answers are what the provider said, so a replay shows where the sandbox says
// something else. Reading the calls out of files is left to har.ts and transcript.ts, playing them to replay.ts.
import { withoutKeys } from '../../text/redact.ts'
import { version } from '../../runtime/package.ts'
import { leftOutSentence } from '../compare.ts'
import { FORMAT, type Recording, Unusable } from '../format.ts'
import { Renamed } from '../substitutions.ts'
import { callsOf, hostsTold } from './addressed.ts'
import { type Importing, inOrder, isPlayable, readCall } from './calls.ts'
import type { Exchange } from './exchange.ts'
import { SentValues } from './fields.ts'
import { callerOf, partnerOf } from './partner.ts'
import { secretsOut } from './secrets.ts'
import { stepOf, type Context } from './steps.ts'

const NOTE =
  "Made from calls to the real provider: each answer is what it said. Held against the sandbox's own: the status, the headers in compare.headers, and the body field by field, equal but for compare.fields, where only the form must be the same; what is in compare.left_out is not compared. Ids and addresses that are others here are replaced in the calls that follow. Who was refused for a key, a permission or a rate is refused again."

/** What a sandbox takes unless its config says otherwise. */
const BODY_BYTES = 1024 * 1024

export interface Imported {
  readonly recording: Recording
  /** What became of the rest, and what is not compared; sentences for people. */
  readonly told: readonly string[]
}

/** Throws `Unusable` when there is no call of this provider among them. */
export function caseOf(exchanges: readonly Exchange[], importing: Importing): Imported {
  const { provider, contract, names, config } = importing
  const all = callsOf(
    provider,
    exchanges,
    contract,
    names.filter((name) => name !== provider.name),
  )
  const ended = all.filter(({ exchange }) => !exchange.lost)
  const example = `${contract.operations[0]!.method} ${contract.basePath}${contract.operations[0]!.path}`
  if (all.length === 0)
    throw new Unusable(
      `no request in it has a path of ${provider.title}, such as ${example}; it has ${exchanges.length === 0 ? 'no requests at all' : hostsTold(exchanges)}`,
    )
  if (ended.length === 0)
    throw new Unusable(
      `none of the ${all.length} requests to ${provider.title} in it has an answer: they were aborted, or answered by a cache`,
    )

  const read = inOrder(ended).map((call, index) => readCall(call, index + 1, importing))
  const calls = read.filter(isPlayable)
  if (calls.length === 0)
    throw new Unusable(
      `of the ${read.length} requests to ${provider.title} in it none can be played: their bodies are not in the file`,
    )
  const seen = calls.map((call) => call.seen)
  const { settings, callers, world } = partnerOf(seen, importing)
  const renamed = new Renamed()
  for (const [theirs, ours] of provider.traffic?.catalogue?.(seen) ?? []) renamed.learn('id', theirs, ours)

  const sent = new SentValues()
  const told: Context = { values: new SentValues(), lacks: false }
  const hide = secretsOut(
    calls.map(({ exchange, answer, query, body }) => ({
      headers: exchange.headers,
      answerHeaders: answer.headers,
      query,
      bodies: [body, answer.body],
    })),
    provider,
    config?.providers,
  )
  const start = calls[0]!.at
  const journal = calls.map((call, index) => {
    const who =
      call.answer.status === 401 && !call.refused
        ? undefined
        : provider.identity.of(callerOf(call.seen, callers, provider), world)
    const step = stepOf(call, index + 1, {
      who,
      sent,
      told,
      hide,
      renamed,
      provider,
      bodyBytes: config?.limits?.bodyBytes ?? BODY_BYTES,
    })
    told.values.addAll(call.answer.json?.value)
    told.lacks ||= call.answer.body === undefined
    return step
  })
  const recording: Recording = {
    sandgate: 'recording',
    format: FORMAT,
    version,
    note: NOTE,
    contracts: {},
    seed: config?.seed ?? 'sandgate',
    clock: { start, mode: 'frozen' },
    settings: withoutKeys(settings),
    callbacks: Object.fromEntries(
      Object.entries(config?.callbacks ?? {}).map(([name, { secret: _, ...endpoint }]) => [
        name,
        endpoint as Recording['callbacks'][string],
      ]),
    ),
    ...(config?.balances?.length && {
      balances: config.balances.map((balance) => ({ ...balance }) as Record<string, string>),
    }),
    limits: config?.limits?.bodyBytes === undefined ? {} : { bodyBytes: config.limits.bodyBytes },
    strict: false,
    assume: { ...config?.assume },
    journal,
    end: { entry: journal.length, at: journal.at(-1)!.at },
  }
  return {
    recording,
    told: toldOf(recording, { lost: all.length - ended.length, bodiless: read.length - calls.length }),
  }
}

function toldOf(recording: Recording, { lost, bodiless }: { lost: number; bodiless: number }): string[] {
  const refused = recording.journal.filter((step) => step.kind === 'call' && step.refused).length
  const calls = (number: number) => `${number} ${number === 1 ? 'call' : 'calls'}`
  return [
    ...(refused > 0 ? [`Played as refused, for a key, a permission or a rate: ${calls(refused)}.`] : []),
    ...(lost > 0 ? [`Skipped, because they were aborted or answered by a cache: ${calls(lost)}.`] : []),
    ...(bodiless > 0 ? [`Skipped, because the body that was sent is not in the file: ${calls(bodiless)}.`] : []),
    ...leftOutSentence(recording),
  ]
}
