// The same call again and again after a no that does not change by itself: nothing about it was mended, and nothing happened that could turn it into a yes.
import { hash } from 'node:crypto'
import type { CallEntry } from '../world/journal.ts'
import { type Detector, type SeenCall } from './scene.ts'

/** From how many times on it is told. */
const TIMES = 5
/** Those that ask for another try. */
const TRY_AGAIN: readonly number[] = [408, 409, 423, 425, 429]

interface Run {
  readonly call: SeenCall
  readonly entries: CallEntry[]
  /** How many things had happened that could have changed the answer. */
  readonly happened: number
  /** How many calls of this client, or of anybody where it was not let in, had gone well. */
  readonly gone: number
}

// rule: sandgate.findings.retried-unchanged
export const retriedUnchanged: Detector = {
  kind: 'retried-unchanged',
  begin(_, tell) {
    const runs = new Map<string, Run>()
    let happened = 0
    const gone = new Map<string, number>()
    const end = (run: Run | undefined) => {
      if (!run || run.entries.length < TIMES) return
      const { call, entries } = run
      const [{ status, refusal }] = entries as [CallEntry]
      tell({
        provider: call.provider.name,
        subject: `${call.name} ${refusal ?? status}`,
        says: `${call.name} was refused ${entries.length} times in a row with ${status}${refusal === undefined ? '' : ` (${refusal})`}, each time the same call, and nothing changed in between that could have led to another answer.`,
        advice:
          'Give up on a 4xx, and tell somebody: it stays until the call, its key or its rights are changed. Retry what was lost, 5xx and 429 only.',
        entries: entries.map(({ id }) => id),
        count: entries.length,
      })
    }
    return {
      see(entry, call) {
        if (entry.kind !== 'call' || !call) {
          if (entry.kind === 'control' || entry.kind === 'timer') happened++
          return
        }
        const name = nameOf(call)
        const run = runs.get(name)
        const client = JSON.stringify([entry.provider, call.who])
        if (call.succeeded)
          for (const each of [client, JSON.stringify([entry.provider, ''])]) gone.set(each, (gone.get(each) ?? 0) + 1)
        if (!counts(call)) {
          if (call.succeeded && !call.looks) happened++
          end(run)
          runs.delete(name)
          return
        }
        const { status, refusal, stoppedBy } = entry
        const goesOn =
          run &&
          run.entries[0]!.status === status &&
          run.entries[0]!.refusal === refusal &&
          // Whose other calls go well meanwhile does not insist on this one.
          run.gone === (gone.get(client) ?? 0) &&
          // A check in front of the operation asks neither for money nor for what is there, nor for the price at the moment.
          (stoppedBy !== 'operation' || (run.happened === happened && run.entries[0]!.at === entry.at))
        if (goesOn) run.entries.push(entry)
        else {
          end(run)
          runs.set(name, { call, entries: [entry], happened, gone: gone.get(client) ?? 0 })
        }
      },
      end() {
        for (const run of runs.values()) end(run)
      },
    }
  },
}

/** Whether a call was refused so that it is no use to make it again as it is. What a scenario answers is no refusal of the provider's. */
function counts({ entry, pitfalls }: SeenCall): boolean {
  const { status, refusal, method, stoppedBy } = entry
  if (status === undefined || status < 400 || status >= 500 || refusal === undefined || stoppedBy === undefined)
    return false
  if (TRY_AGAIN.includes(status) || (status === 404 && method === 'GET')) return false
  // These are told of by the detectors that are about them.
  return refusal !== pitfalls.nonce?.refusal && refusal !== pitfalls.signedBefore?.refusal
}

/** The same for the same call of the same client, whenever and however it was signed. */
function nameOf({ entry, who }: SeenCall): string {
  const { provider, method, path, request } = entry
  return JSON.stringify([provider, who, method, path, hash('sha256', request.body ?? '')])
}
