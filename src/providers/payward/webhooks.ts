// Payward's webhooks: how a partner registers one, what it carries, how it is signed and how often it is tried.
import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { type Answer, type CallbackRules, Refusal } from '../../provider.ts'
import { type Callback, deliver, Endpoints, post, putEndpoint, removeEndpoint } from '../../world/outbox.ts'
import { Flag, Moment, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { partnerOf, UserAccounts } from './accounts.ts'
import { isBase64, type Settings } from './catalogue.ts'
import { moment, ok, page, type PaywardCall, time } from './wire.ts'

/** A webhook that a partner registered; it hears of all the partner's accounts. */
interface WebhookRow {
  readonly id: string
  readonly partner: string
  readonly url: string
  readonly secret: string
  readonly enabled: boolean
  readonly events: readonly string[]
  /** World ms. */
  readonly createdAt: number
  readonly updatedAt: number
}

export const Webhooks: Table<WebhookRow> = {
  name: 'payward.webhooks',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    partner: Text,
    url: Text,
    secret: Text,
    enabled: Flag,
    events: z.array(Text, { error: 'expected a list of events' }),
    createdAt: Moment,
    updatedAt: Moment,
  }),
  // One that is enabled has an endpoint.
  references: ({ id, enabled }) => [['enabled', Endpoints, enabled ? id : null]],
  indexes: { byPartner: { group: (row) => row.partner, order: (row) => row.createdAt } },
}

const EVENTS = [
  'custom_order.executed',
  'custom_order.execution_failed',
  'custom_order.cancelled',
  'quote.executed',
  'quote.execution_failed',
  'quote.cancelled',
  'reward.paid',
  'user.verified',
  'user.closed',
  'user.disabled',
  'deposit.status_updated',
  'withdrawal.status_updated',
]

/** The names that one page of webhooks shows beside the twelve. */
const EXAMPLES = [
  'transfer.completed',
  'transfer.failed',
  'swap.completed',
  'swap.failed',
  'deposit.completed',
  'withdrawal.completed',
  'withdrawal.failed',
]

/** What the examples call an event of the twelve; what they have no name for is not told under them. */
const CALLED: Readonly<Record<string, string>> = {
  'deposit.status_updated success': 'deposit.completed',
  'withdrawal.status_updated success': 'withdrawal.completed',
  'withdrawal.status_updated failure': 'withdrawal.failed',
  'quote.executed': 'swap.completed',
  'quote.execution_failed': 'swap.failed',
}

/** The events that there are to subscribe to. */
// rule: payward.webhooks.vocabulary
function eventsOf(world: World): readonly string[] {
  return world.assumes('payward.webhooks.vocabulary') === 'pws-examples' ? EXAMPLES : EVENTS
}

/** What an event is called; undefined: nothing is told. Of transfers only the examples have a name. */
function nameOf(event: string, { status }: Record<string, unknown>, world: World): string | undefined {
  if (world.assumes('payward.webhooks.vocabulary') === 'embed') return EVENTS.includes(event) ? event : undefined
  return CALLED[event] ?? CALLED[`${event} ${status}`] ?? EXAMPLES.find((name) => name === event)
}

const TEST_MESSAGE = 'This is a test webhook event to verify your endpoint configuration.'

export const callbacks: CallbackRules = {
  // rule: payward.webhooks.events
  events: [...EVENTS, ...EXAMPLES],
  // rule: payward.webhooks.retries
  retryMs: [1, 2, 4, 8, 16, 32, 64, 128].map((seconds) => seconds * 1000),
  // rule: payward.webhooks.success
  timeoutMs: 30_000,
  dated: true,
  succeeded: (status) => status >= 200 && status < 300,
  signedText: ({ body }, wallMs) => signedText(body, wallMs),
  // rule: payward.webhooks.headers
  headers: ({ body, event }, { id, secret }, wallMs) => ({
    'X-Signature': signatureHeader(secret, body, wallMs),
    'X-Webhook-Event': event,
    'X-Webhook-ID': id,
  }),
  account: (named, world) => {
    const ids = Object.values(world.settings<Settings>('payward').accounts).flatMap((account) => account.ids)
    if (named === undefined) return ids[0]
    return partnerOf(named, world) === undefined ? undefined : named
  },
  // rule: payward.webhooks.secret
  secret: (account, given, world) => {
    if (given === undefined) return drawSecret(account, world)
    if (!isBase64(given)) throw new Error('expected base64 text, because Payward decodes the secret before it signs')
    return given
  },
}

function drawSecret(whose: string, world: World): string {
  return world.draw('payward webhook secret', whose).bytes(32).toString('base64')
}

// rule: payward.webhooks.signature
function signedText(body: string, wallMs: number): string {
  return `${seconds(wallMs)}.${body}`
}

function signatureHeader(secret: string, body: string, wallMs: number): string {
  const mac = createHmac('sha256', Buffer.from(secret, 'base64')).update(signedText(body, wallMs)).digest('hex')
  return `t=${seconds(wallMs)},v1=${mac}`
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

/** Sends a callback to the endpoint set through the control API and to the webhook that the partner registered. */
export function tell(
  what: Pick<Callback, 'event' | 'account' | 'object'>,
  data: Record<string, unknown>,
  world: World,
): void {
  const event = nameOf(what.event, data, world)
  if (event === undefined) return
  const callback = callbackOf({ ...what, event }, data, world)
  post(callback, world)
  const partners = Object.entries(world.settings<Settings>('payward').accounts).flatMap(([partner, { ids }]) =>
    ids.includes(what.account) ? [partner] : [],
  )
  const users = world.get(UserAccounts, what.account)
  if (users) partners.push(users.partner)
  for (const webhook of partners.flatMap((partner) => world.list(Webhooks, 'byPartner', partner))) {
    // rule: payward.webhooks.subscribed
    if (webhook.enabled && webhook.events.includes(event)) deliver(callback, world.get(Endpoints, webhook.id)!, world)
  }
}

/** The same bytes for every delivery. */
// rule: payward.webhooks.envelope
function callbackOf(
  what: Pick<Callback, 'event' | 'account' | 'object'>,
  data: Record<string, unknown>,
  world: World,
): Callback {
  const id = `evt_${world.draw('payward event', world.next('payward.events')).base32(20)}`
  const body = JSON.stringify(
    world.assumes('payward.webhooks.body') === 'embed'
      ? flatBody(what, data, world)
      : { id, type: what.event, created_at: time(world.now), data },
  )
  return { provider: 'payward', ...what, body: () => body }
}

/** The predecessor's body: the event's own members beside those of the envelope. */
// rule: payward.webhooks.body
function flatBody(
  { event, account, object }: Pick<Callback, 'event' | 'account' | 'object'>,
  data: Record<string, unknown>,
  world: World,
) {
  const id = world.draw('payward subject', object ?? account).base32(17)
  return {
    event_type: event,
    iiban: account.match(/.{1,4}/g)?.join(' '),
    id: `${id.slice(0, 6)}-${id.slice(6, 11)}-${id.slice(11)}`,
    ...data,
    timestamp: moment(world.now).replace('Z', '000000Z'),
  }
}

const Registration = z.object({
  url: z.string(),
  enabled: z.boolean().default(false),
  events: z.array(z.string()).default([]),
})
const Change = z.object({ enabled: z.boolean().optional(), events: z.array(z.string()).optional() })

/** Hosts that are a scheme by mistake: `https://https//example.com`. */
const SCHEMES = ['http', 'https', 'ftp', 'file', 'mailto', 'ssh', 'git', 'svn']

export function registerWebhook(call: PaywardCall, world: World): Answer {
  const { url, enabled, events } = Registration.parse(call.content.kind === 'json' ? call.content.value : {})
  checkUrl(url)
  checkEvents(events, world)
  const { partner } = call.caller
  // rule: payward.webhooks.one
  if (world.first(Webhooks, 'byPartner', partner))
    throw new Refusal('WebhookAlreadyExists', {}, 'a partner can have one webhook: update or delete the existing one')

  const id = `whk_${world.draw('payward webhook', world.next('payward.webhooks')).base32(20)}`
  const webhook = put(
    { id, partner, url, secret: drawSecret(id, world), enabled, events, createdAt: world.now, updatedAt: world.now },
    world,
  )
  // rule: payward.webhooks.registered, rule: payward.webhooks.secret-once
  return ok({ webhook: shown(webhook, world), secret: webhook.secret })
}

// rule: payward.webhooks.url
function checkUrl(text: string): void {
  const refuse = (why: string) => new Refusal('invalid_request', { detail: `url: ${why}`, data: { field: 'url' } })
  // A URL parser skips the slashes, and takes what comes first for the host.
  if (/^https?:\/\/[/\\]/.test(text)) throw refuse('host must not be empty')
  if (!URL.canParse(text)) throw refuse('must be a valid URL')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') throw refuse('must not contain credentials')
  if (SCHEMES.includes(url.hostname)) throw refuse('host must not be the name of a protocol')
  if (url.pathname.startsWith('//')) throw refuse('path must not begin with //')
}

function checkEvents(events: readonly string[], world: World): void {
  const known = eventsOf(world)
  // rule: payward.webhooks.unknown-event
  const unknown = events.find((event) => !known.includes(event))
  if (unknown !== undefined)
    throw new Refusal(
      'invalid_request',
      { detail: `events: ${unknown} is not an event`, data: { field: 'events' } },
      `events: ${known.join(', ')}`,
    )
}

/** Keeps the webhook; it has an endpoint for as long as it is enabled. */
function put(webhook: WebhookRow, world: World): WebhookRow {
  const { id, partner, url, secret, events } = webhook
  // A name with a blank in it is no account id: the endpoint is reached through its webhook alone.
  if (webhook.enabled)
    putEndpoint({ id, provider: 'payward', account: `partner ${partner}`, url, secret, events }, world)
  else removeEndpoint(id, world)
  return world.put(Webhooks, webhook)
}

export function listWebhooks(call: PaywardCall, world: World): Answer {
  // rule: payward.webhooks.list
  if (call.queryValues.page_token !== undefined)
    throw new Refusal('invalid_request', { detail: 'page_token: was not issued here', data: { field: 'page_token' } })
  return page(
    world.list(Webhooks, 'byPartner', call.caller.partner).map((row) => shown(row, world)),
    null,
  )
}

export function updateWebhook(call: PaywardCall, world: World): Answer {
  const change = Change.parse(call.content.kind === 'json' ? call.content.value : {})
  const before = find(call, world)
  const { enabled = before.enabled, events = before.events } = change
  checkEvents(events, world)
  // rule: payward.webhooks.update, rule: payward.webhooks.disabled
  return ok({ webhook: shown(put({ ...before, enabled, events, updatedAt: world.now }, world), world) })
}

export function deleteWebhook(call: PaywardCall, world: World): Answer {
  const { id } = find(call, world)
  world.remove(Webhooks, id)
  removeEndpoint(id, world)
  // rule: payward.webhooks.delete
  return ok({ webhook_id: id, deleted_at: time(world.now) })
}

export function testWebhook(call: PaywardCall, world: World): Answer {
  const webhook = find(call, world)
  // rule: payward.webhooks.test-disabled
  if (!webhook.enabled) throw new Refusal('WebhookDisabled')
  const callback = callbackOf(
    { event: 'webhook.test', account: call.caller.ids[0] ?? webhook.partner, object: webhook.id },
    { message: TEST_MESSAGE },
    world,
  )
  const { body } = deliver(callback, world.get(Endpoints, webhook.id)!, world)
  // rule: payward.webhooks.test
  return ok({
    result: 'success',
    test_id: world.draw('payward webhook test', world.next('payward.webhook-tests')).uuid(),
    http_status: null,
    response_body: null,
    error_message: null,
    payload_sent: body,
    signature_header: signatureHeader(webhook.secret, body, call.wallMs),
  })
}

function find(call: PaywardCall, world: World): WebhookRow {
  const webhook = world.get(Webhooks, call.params.webhook_id!)
  // rule: payward.webhooks.unknown
  if (!webhook || webhook.partner !== call.caller.partner) throw new Refusal('WebhookNotFound')
  return webhook
}

function shown({ id, url, enabled, events, createdAt, updatedAt }: WebhookRow, world: World) {
  return {
    id,
    url,
    enabled,
    subscribed_events: events,
    available_events: eventsOf(world),
    created_at: time(createdAt),
    updated_at: time(updatedAt),
  }
}
