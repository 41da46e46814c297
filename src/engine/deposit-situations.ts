// Which notable situations a step of a deposit shows: by the clock, by who held the address before, and by what the provider made of it.
import type { Provider, Windows } from '../provider.ts'
import type { Transfer, TransferStep } from '../world/chain.ts'
import type { SituationName } from '../world/situation-names.ts'
import { sameTag } from '../world/tags.ts'
import { type HandOut, HandOuts, type World } from '../world/world.ts'

// rule: sandgate.coverage.notable
/** Counts what this step shows, when the provider has dealt with it. The entry of the step is the next one of the journal. */
export function noticeDeposit(
  provider: Provider,
  step: TransferStep,
  transfer: Transfer,
  holder: HandOut,
  world: World,
): void {
  const { situations = [], name } = provider
  const own = situations.filter(({ deposit }) => deposit?.(step, transfer, holder, world)).map(({ id }) => id)
  for (const situation of [...own, ...seenByCore(provider, step, transfer, holder, world)])
    world.journal.coverage.notable(name, situation, world.journal.nextId)
}

function seenByCore(
  provider: Provider,
  step: TransferStep,
  transfer: Transfer,
  holder: HandOut,
  world: World,
): SituationName[] {
  if (step === 'dropped' || step === 'replaced') return [`deposit.${step}`]
  if (step === 'reorged') return transfer.confirmedAt === null ? [] : ['deposit.reorged']
  if (step !== 'seen') return []
  const windowsOf = (handOut: HandOut): Windows => provider.deposits?.windows?.(handOut, world) ?? {}
  const rows = world
    .list(HandOuts, 'byAddress', holder.address)
    .filter((row) => row.provider === holder.provider && sameTag(row.tag, holder.tag))
  const late = lateness(windowsOf(holder), world.now)
  const recycled = rows.some(
    (row) => row.seq < holder.seq && (windowsOf(row).reuseFrom ?? Number.POSITIVE_INFINITY) <= holder.at,
  )
  return [
    ...late,
    ...(recycled ? (['deposit.recycled'] as const) : []),
    // On its way when the address went to somebody else, or later than that one shows it.
    ...(recycled && (late.length > 0 || transfer.sentAt < holder.at) ? (['deposit.late-recycled'] as const) : []),
    ...astray(transfer, rows),
  ]
}

function lateness({ displayUntil, monitoredUntil }: Windows, now: number): SituationName[] {
  if (monitoredUntil !== undefined && now >= monitoredUntil) return ['deposit.late-monitoring']
  return displayUntil !== undefined && now >= displayUntil ? ['deposit.late-display'] : []
}

/** Not what the address was handed out for, to whomever and whenever. */
function astray({ network, currency }: Transfer, rows: readonly HandOut[]): SituationName[] {
  const onNetwork = rows.filter((row) => row.network === network)
  if (onNetwork.length === 0) return ['deposit.wrong-network']
  return onNetwork.some((row) => row.currency === currency) ? [] : ['deposit.wrong-asset']
}
