// Looks through a journal for mistakes that its entries prove, a piece at each step, and puts those together that are the same.
import { hash } from 'node:crypto'
import { FINDING_KINDS, type FindingKind } from '../provider.ts'
import type { JournalEntry } from '../world/journal.ts'
import { numberLostDigits } from './digits.ts'
import { expiredAddressShown } from './expired-address.ts'
import { callbackHandledTwice } from './handled-twice.ts'
import { newKeyOnRetry } from './new-key.ts'
import { nonceWentBack } from './nonces.ts'
import { pollingTooFast } from './polling.ts'
import { productionKey } from './production-key.ts'
import { badSignatureAccepted, receiverTooSlow } from './receivers.ts'
import { type Detector, type Mistake, type Scene, SeenCall } from './scene.ts'
import { retriedUnchanged } from './unchanged.ts'
import { unknownField } from './unknown-fields.ts'

const DETECTORS: readonly Detector[] = [
  newKeyOnRetry,
  badSignatureAccepted,
  receiverTooSlow,
  callbackHandledTwice,
  expiredAddressShown,
  pollingTooFast,
  numberLostDigits,
  nonceWentBack,
  unknownField,
  retriedUnchanged,
  productionKey,
]

/** How many entries one finding names: the first ones, and the last. */
const ENTRIES_MAX = 20
/** More different ones than anybody reads: a client that invents field names would have no end of them. */
const FINDINGS_MAX = 500

/** A mistake, however often it was made. */
export interface Finding {
  /** The same for the same mistake, whenever it is asked for. */
  readonly id: string
  readonly kind: FindingKind
  readonly provider: string
  /** What was seen the last time. */
  readonly says: string
  readonly advice: string
  /** The provider's rule behind it; undefined: it has none. */
  readonly rule: string | undefined
  readonly entries: readonly number[]
  readonly count: number
  readonly lastEntry: number
}

// rule: sandgate.findings
/** What a journal proves, in the order of the kinds and the first entries. Each step takes well under a millisecond, for bodies of usual size. */
export function* findMistakes(scene: Scene, provider?: string): Generator<void, Finding[]> {
  const found = new Map<string, Finding>()
  const watches = DETECTORS.map(({ kind, begin }) => begin(scene, (mistake) => add(found, kind, mistake, scene)))
  for (const entry of scene.world.journal) {
    if (provider === undefined || entry.kind === 'control' || entry.provider === provider) {
      const call = seen(entry, scene)
      for (const watch of watches) watch.see(entry, call)
    }
    yield
  }
  for (const watch of watches) {
    watch.end?.()
    yield
  }
  return [...found.values()].sort(
    (a, b) => FINDING_KINDS.indexOf(a.kind) - FINDING_KINDS.indexOf(b.kind) || a.entries[0]! - b.entries[0]!,
  )
}

function seen(entry: JournalEntry, scene: Scene): SeenCall | undefined {
  const provider = entry.kind === 'call' ? scene.providers.get(entry.provider) : undefined
  return entry.kind === 'call' && provider ? new SeenCall(entry, provider, scene) : undefined
}

function add(found: Map<string, Finding>, kind: FindingKind, mistake: Mistake, { providers }: Scene): void {
  const { provider, subject, says, advice, rule, count = 1 } = mistake
  const id = `${kind}-${hash('sha256', JSON.stringify([provider, subject]), 'hex').slice(0, 8)}`
  const known = found.get(id)
  if (!known && found.size >= FINDINGS_MAX) return
  const entries = [...new Set([...(known?.entries ?? []), ...mistake.entries])].sort((a, b) => a - b)
  const kept = entries.length <= ENTRIES_MAX ? entries : [...entries.slice(0, ENTRIES_MAX - 1), entries.at(-1)!]
  found.set(id, {
    id,
    kind,
    provider,
    says,
    advice,
    rule: rule ?? providers.get(provider)?.pitfalls?.rules[kind],
    entries: kept,
    count: (known?.count ?? 0) + count,
    lastEntry: kept.at(-1)!,
  })
}
