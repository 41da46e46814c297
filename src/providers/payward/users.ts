// Users: created with a profile or by a reference alone, each with two accounts of its own, until somebody at Payward disables or closes them.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { Count, Flag, JsonObject, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { UserAccounts } from './accounts.ts'
import { tell } from './webhooks.ts'
import { moment, ok, type PaywardCall, time } from './wire.ts'

export type UserState = 'ok' | 'disabled' | 'closed'

export interface UserRow {
  readonly id: string
  readonly seq: number
  readonly partner: string
  /** The partner's own id of the user. */
  readonly reference: string
  /** Lower case; null: known by its reference alone. */
  readonly email: string | null
  /** What the partner said of it, as JSON. */
  readonly profile: string
  readonly state: UserState
  readonly verified: boolean
  /** World ms. */
  readonly createdAt: number
}

export const Users: Table<UserRow> = {
  name: 'payward.users',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    partner: Text,
    reference: Text,
    email: Text.nullable(),
    profile: JsonObject,
    state: oneOf(['ok', 'disabled', 'closed']),
    verified: Flag,
    createdAt: Moment,
  }),
  indexes: {
    byReference: { group: (row) => JSON.stringify([row.partner, row.reference]), order: (row) => row.seq },
    byEmail: { group: (row) => row.email ?? undefined, order: (row) => row.seq },
  },
}

/** The switch on whether users are verified by themselves. */
const VERIFICATION = 'payward.users.verification'

const Reference = z.object({ external_reference: z.string() })
const Profile = Reference.extend({ email: z.string() }).loose()

export function createUser(call: PaywardCall, world: World): Answer {
  const { external_reference, email, ...profile } = Profile.parse(
    call.content.kind === 'json' ? call.content.value : {},
  )
  const verified = world.assumes(VERIFICATION) === 'automatic'
  return created(call, { reference: external_reference, email: email.toLowerCase(), profile, verified }, world)
}

export function createHeadlessUser(call: PaywardCall, world: World): Answer {
  const { external_reference } = Reference.parse(call.content.kind === 'json' ? call.content.value : {})
  // rule: payward.users.headless
  return created(call, { reference: external_reference, email: null, profile: {}, verified: true }, world)
}

function created(
  call: PaywardCall,
  { profile, ...given }: { reference: string; email: string | null; profile: object; verified: boolean },
  world: World,
): Answer {
  const { partner } = call.caller
  // rule: payward.users.reference
  const known = world.first(Users, 'byReference', JSON.stringify([partner, given.reference]))
  if (known) {
    call.note('user', `${known.id} has this external_reference already`)
    // rule: payward.users.repeat-status
    return ok(createdShown(known, world), Number(world.assumes('payward.users.repeat-status')))
  }
  const seq = world.next('payward.users')
  const draw = world.draw('payward user', seq)
  const row: UserRow = world.put(Users, {
    id: `AA${draw.base32(14)}`,
    seq,
    partner,
    ...given,
    profile: JSON.stringify(profile),
    state: 'ok',
    createdAt: world.now,
  })
  for (const [index, name] of (['main', 'secondary'] as const).entries())
    world.put(UserAccounts, { id: `W${draw.base32(15)}`, seq: 2 * seq + index, partner, user: row.id, name })
  call.concerns(objectOf(row))
  if (row.verified && row.email !== null) tellUser(row, 'verified', undefined, world)
  // rule: payward.users.create
  return ok(createdShown(row, world), 201)
}

function createdShown({ id }: UserRow, world: World) {
  return { id, accounts: world.list(UserAccounts, 'byUser', id).map(({ id, name }) => ({ id, name })) }
}

export function getUser(call: PaywardCall, world: World): Answer {
  const row = find(call, world)
  const { id, accounts } = createdShown(row, world)
  // rule: payward.users.item, rule: payward.users.states
  return ok({
    id,
    external_reference: row.reference,
    type: 'individual',
    status: { state: row.state, required_actions: requiredOf(row) },
    created_at: time(row.createdAt),
    accounts,
  })
}

// rule: payward.users.verification
function requiredOf({ verified, createdAt }: UserRow) {
  return verified
    ? []
    : [
        {
          action_type: 'verification',
          verification_type: 'identity',
          reasons: ['initial_onboarding'],
          deadline: time(createdAt + DEADLINE_MS),
        },
      ]
}

/** How long a user has to be verified. Nothing happens then. */
const DEADLINE_MS = 30 * 24 * 3600 * 1000

export function updateUser(call: PaywardCall, world: World): Answer {
  const change: object = call.content.kind === 'json' ? call.content.value : {}
  const row = find(call, world)
  if (row.state === 'closed') throw new Refusal('UserLocked', {}, `user ${row.id} is closed`)
  // rule: payward.users.update
  const known = ['full_name', 'residence', 'phone', 'nationalities', 'birth']
  const profile = new Map(Object.entries<unknown>(JSON.parse(row.profile)))
  for (const [name, value] of Object.entries(change)) {
    if (!known.includes(name)) continue
    if (value === null) profile.delete(name)
    else profile.set(name, value)
  }
  world.put(Users, { ...row, profile: JSON.stringify(Object.fromEntries(profile)) })
  return ok('success')
}

function find(call: PaywardCall, world: World): UserRow {
  const row = world.get(Users, call.params.user_id!)
  // rule: payward.users.unknown
  if (!row || row.partner !== call.caller.partner) throw new Refusal('UserNotFound')
  return row
}

/** The user whose account it is; undefined: it is one of the config file. */
export function userOf(account: string, world: World): UserRow | undefined {
  const row = world.get(UserAccounts, account)
  return row && world.get(Users, row.user)
}

/** What somebody at Payward decides about a user. Only inside a change. */
// rule: payward.users.states
export function become(
  before: UserRow,
  how: 'verified' | 'disabled' | 'closed',
  reason: string | undefined,
  world: World,
) {
  const row: UserRow = world.put(Users, { ...before, ...(how === 'verified' ? { verified: true } : { state: how }) })
  tellUser(row, how, reason, world)
  return { id: row.id, external_reference: row.reference, state: row.state, verified: row.verified }
}

function objectOf({ id }: UserRow): string {
  return `user:${id}`
}

// rule: payward.webhooks.user-data
function tellUser(row: UserRow, how: 'verified' | 'disabled' | 'closed', reason: string | undefined, world: World) {
  const account = world.first(UserAccounts, 'byUser', row.id)!.id
  tell(
    { event: `user.${how}`, account, object: objectOf(row) },
    { user_id: row.id, [`${how}_at`]: moment(world.now), ...(reason !== undefined && { reason }) },
    world,
  )
}

/** Why this account may not move money now; undefined: it may. A user that is not verified may not trade, nor do anything else with money. */
// rule: payward.users.locked
export function lockOf(account: string, trading: boolean, world: World): Refusal | undefined {
  const user = userOf(account, world)
  if (!user) return undefined
  if (user.state !== 'ok') return new Refusal('UserLocked', {}, `user ${user.id} is ${user.state}`)
  if (!user.verified)
    return new Refusal(trading ? 'UserKycDenyTrading' : 'not_verified', {}, `user ${user.id} is not verified yet`)
  return undefined
}
