// What goes wrong between a client and a provider, a family at a time: each draws one disturbance for one provider, as rules and steps of a scenario. What
// is drawn can happen to anybody, and a right client survives it.
import type { RuleInput, StepInput } from '../library/api.ts'
import { amountText, withoutEndZeros } from '../text/decimals.ts'
import { durationText } from '../text/durations.ts'
import type { Draw } from '../world/draws.ts'
import type { AddressCall, Profile, ProviderProfile } from './profile.ts'

/** A part of a scenario. */
export interface Disturbance {
  readonly rules?: readonly RuleInput[]
  readonly timeline?: readonly StepInput[]
}

/** What a family draws from. */
interface Scene extends ProviderProfile {
  readonly profile: Profile
  readonly random: Draw
}

type Action = RuleInput['then'][number]

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** A client that hangs would only be waited for, so no answer is kept back for ever. */
const DROPS = ['reset', 'close'] as const
const STAGES = ['before', 'after'] as const
const STATUSES = [429, 500, 502, 503, 504] as const
const DAMAGES = ['truncate', 'invalid-json', 'wrong-type', 'empty'] as const

// rule: sandgate.explore.families
/** By name; undefined where the provider has, or the command does, nothing of the kind. */
export const FAMILIES: Readonly<Record<string, (scene: Scene) => Disturbance | undefined>> = {
  'lost-answer': (scene) => onCall(scene, { drop: { stage: pick(STAGES, scene), how: pick(DROPS, scene) } }),
  'error-answer': (scene) =>
    onCall(scene, {
      respond: {
        ...(chance(0.5, scene) ? { error: 'unavailable' } : { status: pick(STATUSES, scene) }),
        stage: pick(STAGES, scene),
      },
    }),
  'damaged-answer': (scene) => onCall(scene, { corrupt: { how: pick(DAMAGES, scene) } }),
  'slow-answer': (scene) => onCall(scene, { delay: `${10 + scene.random.below(40)}ms` }),
  outage: (scene) => ({
    timeline: [
      {
        at: soon(scene),
        do: {
          outage: {
            provider: scene.provider.name,
            for: duration(10 * MINUTE, 6 * HOUR, scene),
            ...(chance(0.3, scene) && { drop: { how: pick(DROPS, scene) } }),
          },
        },
      },
    ],
  }),
  'clock-leap': (scene) => ({
    timeline: [{ at: soon(scene), do: { clock: { by: duration(HOUR, 30 * DAY, scene) } } }],
  }),

  'callback-duplicate': (scene) => spoiled(scene, 'duplicate', 1),
  'callback-delay': (scene) => spoiled(scene, 'delay', 1),
  'callback-reorder': (scene) => spoiled(scene, 'reorder', 2),
  'callback-drop': (scene) => spoiled(scene, 'drop', 2),
  'callback-bad-signature': (scene) => spoiled(scene, 'bad-signature', 2),
  'callback-stale': (scene) =>
    scene.provider.callbacks?.dated === true ? spoiled(scene, 'stale-timestamp', 2) : undefined,
  'callback-pause': (scene) => {
    const { provider, callbacks } = scene
    if (callbacks.sent === 0) return undefined
    const at = time(MINUTE, Math.max(HOUR, scene.profile.spanMs), scene)
    const until = at + time(10 * MINUTE, 12 * HOUR, scene)
    const step = (how: 'pause' | 'resume', ms: number) => ({
      at: durationText(ms),
      do: { callbacks: { provider: provider.name, how } },
    })
    return { timeline: [step('pause', at), step('resume', until)] }
  },

  'deposit-late': (scene) => money(scene, ({ displayMs = 3 * HOUR }) => ({ after: later(displayMs, scene) })),
  'deposit-part': (scene) => money(scene, ({ decimals }) => ({ amount: small(decimals, scene) })),
  'deposit-over': (scene) => money(scene, () => ({ amount: String(1000 + scene.random.below(100_000)) })),
  'deposit-twice': (scene) => money(scene, () => ({ repeat: 2 + scene.random.below(2) })),
  'deposit-wrong-asset': (scene) => {
    const call = address(scene, ({ others }) => others.length > 0)
    if (!call) return undefined
    const { currency, network, decimals } = pick(call.others, scene)
    const different = { currency, ...(network !== call.network && { network }) }
    return moneyTo(call, scene, { ...different, amount: anyAmount(decimals, scene) })
  },
  'deposit-wrong-tag': (scene) => {
    const call = address(scene, ({ tag }) => tag !== null)
    const tag = chance(0.5, scene) ? null : scene.random.digits(9)
    return call && moneyTo(call, scene, { tag, amount: anyAmount(call.decimals, scene) })
  },
  'deposit-reorged': (scene) => money(scene, () => ({ outcome: 'reorged' as const })),
  'deposit-dropped': (scene) => money(scene, () => ({ outcome: 'dropped' as const })),
  'deposit-replaced': (scene) => money(scene, () => ({ outcome: 'replaced' as const })),
  'deposit-recycled': (scene) => {
    const call = address(scene, ({ reuseAfterMs }) => reuseAfterMs !== undefined)
    if (!call || !scene.profile.quiet) return undefined
    // Time leaps past the end of the reuse window, the address goes to somebody else, and the first payer pays again.
    const at = time(MINUTE, Math.max(HOUR, scene.profile.spanMs), scene)
    const leap = call.reuseAfterMs! + time(HOUR, 3 * DAY, scene)
    const paid = { provider: scene.provider.name, nth: 1 + scene.random.below(scene.addresses.length) }
    return {
      timeline: [
        { at: durationText(at), do: { clock: { by: durationText(leap) } } },
        ...(chance(0.5, scene)
          ? [
              {
                at: durationText(at + leap + time(MINUTE, DAY, scene)),
                do: { deposit: { ...paid, amount: anyAmount(call.decimals, scene) } },
              },
            ]
          : []),
      ],
    }
  },

  'withdrawal-failed': (scene) => sent(scene, { outcome: 'failed', stage: pick(STAGES, scene) }),
  'withdrawal-declined': (scene) =>
    scene.provider.withdrawals?.reviews === true ? sent(scene, { outcome: 'declined' }) : undefined,
  'withdrawal-stuck': (scene) => sent(scene, { outcome: 'stuck', after: duration(10 * MINUTE, 2 * DAY, scene) }),
  'withdrawal-replaced': (scene) => sent(scene, { outcome: 'replaced' }),
  'withdrawal-reorged': (scene) => sent(scene, { outcome: 'reorged' }),
}

/** A disturbance of one call, or of the first two or three of an operation. */
function onCall(scene: Scene, action: Action): Disturbance | undefined {
  const { provider, operations } = scene
  const { operation, calls } = pick(operations, scene)
  const which = chance(0.7, scene) ? { nth: 1 + scene.random.below(calls) } : { times: 1 + scene.random.below(3) }
  return { rules: [{ when: { provider: provider.name, operation, ...which }, then: [action] }] }
}

/** Callbacks about one thing, or the provider's next ones, go wrong. `least`: so many are sent about one thing. */
function spoiled(
  scene: Scene,
  how: 'duplicate' | 'delay' | 'reorder' | 'drop' | 'bad-signature' | 'stale-timestamp',
  least: number,
): Disturbance | undefined {
  const { provider, addresses, withdrawals, callbacks } = scene
  const things = [...addresses, ...withdrawals]
  if (callbacks.most < least || things.length === 0) return undefined
  const by = how === 'delay' ? { by: duration(10 * MINUTE, 12 * HOUR, scene) } : {}
  const times = how === 'duplicate' || how === 'delay' ? { times: 1 + scene.random.below(3) } : {}
  if (chance(0.3, scene))
    return { timeline: [{ at: soon(scene), do: { callbacks: { provider: provider.name, how, ...times, ...by } } }] }
  const { operation, nth } = pick(things, scene)
  return {
    rules: [{ when: { provider: provider.name, operation, nth }, then: [{ callbacks: { how, ...times, ...by } }] }],
  }
}

type Money = Extract<Action, { deposit?: unknown }>['deposit']

/** More money to one of the addresses. */
function money(scene: Scene, more: (call: AddressCall) => Partial<NonNullable<Money>>): Disturbance | undefined {
  const call = address(scene, () => true)
  return call && moneyTo(call, scene, { amount: anyAmount(call.decimals, scene), ...more(call) })
}

function moneyTo({ operation, nth }: AddressCall, scene: Scene, deposit: NonNullable<Money>): Disturbance {
  const after = deposit.after ?? (chance(0.5, scene) ? soon(scene) : undefined)
  return {
    rules: [
      {
        when: { provider: scene.provider.name, operation, nth },
        then: [{ deposit: { ...deposit, ...(after !== undefined && { after }) } }],
      },
    ],
  }
}

function address({ addresses, random }: Scene, fits: (call: AddressCall) => boolean): AddressCall | undefined {
  const fit = addresses.filter(fits)
  return fit.length === 0 ? undefined : fit[random.below(fit.length)]
}

function sent(scene: Scene, withdrawal: NonNullable<Action['withdrawal']>): Disturbance | undefined {
  const { provider, withdrawals } = scene
  if (withdrawals.length === 0) return undefined
  const { operation, nth } = pick(withdrawals, scene)
  return { rules: [{ when: { provider: provider.name, operation, nth }, then: [{ withdrawal }] }] }
}

function pick<Item>(items: readonly Item[], { random }: Pick<Scene, 'random'>): Item {
  return items[random.below(items.length)]!
}

function chance(of: number, { random }: Scene): boolean {
  return random.fraction() < of
}

/** World ms, as likely to be short as long, in whole minutes, hours or days. */
function time(from: number, to: number, { random }: Scene): number {
  const ms = from * (Math.max(from, to) / from) ** random.fraction()
  const unit = ms >= 2 * DAY ? DAY : ms >= 2 * HOUR ? HOUR : MINUTE
  return Math.max(unit, Math.round(ms / unit) * unit)
}

function duration(from: number, to: number, scene: Scene): string {
  return durationText(time(from, to, scene))
}

/** A time at which the command is still at work. */
function soon(scene: Scene): string {
  return duration(MINUTE, Math.max(HOUR, scene.profile.spanMs), scene)
}

/** A time after this one; one that a command which stops early still sees. */
function later(ms: number, scene: Scene): string {
  const { spanMs, quiet } = scene.profile
  return quiet ? duration(ms, 30 * DAY, scene) : soon({ ...scene, profile: { ...scene.profile, spanMs } })
}

function anyAmount(decimals: number, scene: Scene): string {
  const whole = BigInt(scene.random.below(500))
  const places = Math.min(decimals, 1 + scene.random.below(8))
  const fraction = BigInt(scene.random.digits(places))
  return withoutEndZeros(amountText(whole * 10n ** BigInt(places) + fraction, places))
}

/** From the smallest unit to about one. */
function small(decimals: number, { random }: Scene): string {
  return withoutEndZeros(amountText(BigInt(random.digits(1 + random.below(decimals))), decimals))
}
