// What comes of a replay, for people, and the smallest part of a case file that still differs in the same way. The playing itself is left to player.ts.
import { isDeepStrictEqual } from 'node:util'
import { checkCase } from './check.ts'
import { leftOutSentence } from './compare.ts'
import { iso } from '../text/instants.ts'
import { type CallUnderWay, type RecordedCall, type Recording, type Step, Unusable } from './format.ts'
import { type Differs, type Played, Replay } from './player.ts'
import type { Provider } from '../provider.ts'

export { Replay } from './player.ts'

/** How many different hints are told. */
const HINTS_TOLD = 5

/** One paragraph for people: what was played, and that all of it was equal. */
export function summary(played: Played, recording: Recording): string {
  const { calls, controlCalls, attempts, now, left, underWay } = played
  const lines = [
    `${count(calls, 'call')}, ${count(controlCalls, 'control call')} and ${count(attempts, 'callback attempt')} played; every answer is equal to the recorded one.`,
    `World time went from ${recording.clock.start} to ${iso(now)}.`,
    ...(underWay > 0
      ? [`${count(underWay, 'call')} had come and ${underWay === 1 ? 'was' : 'were'} not answered yet.`]
      : []),
    ...whyRefused(played.refused),
    ...leftOutSentence(recording),
    ...(left.length > 0 ? [`The world of the replay had no place for the entries ${left.join(', ')}.`] : []),
    ...changes(played),
  ]
  return lines.join(' ')
}

// rule: sandgate.recording.hints
/** What refused calls looked like when their signatures could still be read. */
function whyRefused(calls: readonly RecordedCall[]): string[] {
  const byHint = new Map<string, number[]>()
  for (const { entry, refused } of calls) byHint.set(refused!.hint!, [...(byHint.get(refused!.hint!) ?? []), entry])
  const told = [...byHint]
    .slice(0, HINTS_TOLD)
    .map(([hint, entries]) => `${entries.length === 1 ? 'entry' : 'entries'} ${entries.join(', ')}: ${hint}`)
  return told.length === 0
    ? []
    : [
        `Why calls were refused, as known when they were recorded: ${told.join('; ')}${byHint.size > HINTS_TOLD ? '; and others' : ''}.`,
      ]
}

function changes({ changed }: Played): string[] {
  return changed.length > 0 ? [`Since it was recorded the documents of ${changed.join(', ')} have changed.`] : []
}

/** The first call that differs, and where. */
export function report(differs: Differs, played: Played): string {
  const before = `${count(played.calls - 1, 'call')} before it ${played.calls === 2 ? 'was' : 'were'} equal.`
  return [...told(differs), [before, ...changes(played)].join(' ')].join('\n')
}

/** Every call that differs, and where first. */
export function reportAll(played: Played): string {
  const { differences, calls } = played
  const blocks = differences.map((differs) => told(differs).join('\n'))
  return [
    ...blocks,
    [
      `${differences.length} of ${count(calls, 'call')} ${differences.length === 1 ? 'differs' : 'differ'}.`,
      ...changes(played),
    ].join(' '),
  ].join('\n')
}

function told({ call, where, expected, got, rules, why, bug }: Differs): string[] {
  const { recorded, now } = rules
  return [
    `entry ${call.entry} differs: ${call.method} ${call.path} (${[call.provider, call.operation].filter(Boolean).join(' ')}) at ${call.at}`,
    `  where:    ${where}`,
    `  recorded: ${JSON.stringify(expected)}`,
    `  now:      ${JSON.stringify(got)}`,
    ...(why === undefined ? [] : [`  because:  ${why}`]),
    `  rules:    ${now.join(', ') || 'none noted'}${isDeepStrictEqual(recorded, now) || recorded.length === 0 ? '' : ` (when it was recorded: ${recorded.join(', ')})`}`,
    ...(call.refused?.hint === undefined ? [] : [`  hint:     ${call.refused.hint}`]),
    ...(bug === undefined ? [] : [`  bug:      ${bug}`]),
  ]
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** How often a case is played at most to make it smaller. */
const PLAYS_MAX = 2_000

/** What may be left out of a case. */
type Part = Step | CallUnderWay

// rule: sandgate.minimise.cause
/**
 * The recording with as few steps as keep its first difference, and what our answer to that call was decided by: another way to the same difference is another
 * case. Throws `Unusable` when there is none.
 */
export async function minimise(
  written: Recording,
  providers: ReadonlyMap<string, Provider>,
): Promise<{ recording: Recording; differs: Differs; plays: number }> {
  const recording = checkCase(written, providers)
  const { differs } = await new Replay(recording, providers, true).play()
  if (!differs) throw new Unusable('every answer is equal to the recorded one: there is no difference to keep')
  const { call } = differs
  const place = recording.journal.indexOf(call)
  let plays = 1
  const having = (parts: readonly Part[]): Recording => {
    const waiting = parts.filter((part): part is CallUnderWay => !('entry' in part))
    const { under_way: _, ...rest } = recording
    const steps = parts.filter((part): part is Step => 'entry' in part)
    const last = Math.max(call.entry, ...steps.map(({ entry }) => entry))
    return {
      ...rest,
      journal: [...steps, call],
      ...(waiting.length > 0 && { under_way: waiting }),
      end: { entry: last, at: call.at },
    }
  }
  const same = async (parts: readonly Part[]) => {
    plays++
    const { differs: again } = await new Replay(having(parts), providers, true).play()
    return again !== undefined && again.call === call && isSame(again, differs)
  }
  // What was answered later may have come before.
  const before = recording.journal.filter((step, index) => index !== place && cameBefore(step, call))
  const all: Part[] = [...(recording.under_way ?? []).filter(({ began }) => began.entry <= call.entry), ...before]
  let kept: Part[] = all.filter((part) => part.kind !== 'clock')
  if (!(await same(kept))) kept = all
  // Ever smaller pieces are left out, and stay out where the difference remains.
  for (
    let size = Math.ceil(kept.length / 2);
    size >= 1 && plays < PLAYS_MAX;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = kept.length - 1; at >= 0 && plays < PLAYS_MAX; at -= size) {
      const without = [...kept.slice(0, Math.max(0, at - size + 1)), ...kept.slice(at + 1)]
      if (without.length < kept.length && (await same(without))) kept = without
    }
  }
  return { recording: having(kept), differs, plays }
}

function cameBefore(step: Step, call: RecordedCall): boolean {
  const came = step.kind === 'call' ? (step.began?.entry ?? step.entry) : step.entry
  return came <= call.entry
}

/** The same difference for the same reason. */
function isSame(one: Differs, other: Differs): boolean {
  const kind = ({ where, expected, got, rules, decided }: Differs) => [
    where,
    kindOf(where, expected),
    kindOf(where, got),
    [...rules.now].sort(),
    decided,
  ]
  return isDeepStrictEqual(kind(one), kind(other))
}

/** Which of two values are alike: statuses when they are equal, others when they are of one type. */
function kindOf(where: string, value: unknown): unknown {
  return where === 'status' ? value : value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}
