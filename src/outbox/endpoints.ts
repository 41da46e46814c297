// Where an account's callbacks go: from words to an endpoint. What may be said is the provider's affair.
import type { CallbackRules, Provider } from '../provider.ts'
import { type Endpoint, Endpoints, putEndpoint } from '../world/outbox.ts'
import type { World } from '../world/world.ts'

/** An endpoint as a config file or the control API words it. */
export interface EndpointWish {
  readonly url: string
  readonly secret?: string | undefined
  readonly events?: readonly string[] | undefined
  /** The first demo account unless named. */
  readonly account?: string | undefined
}

/** An endpoint that cannot be: one sentence that begins with the field. */
export class NoSuchEndpoint extends Error {}

/** Points an account's callbacks to a URL. `refuse` says why a URL may not be called. Only inside a change. Throws `NoSuchEndpoint`. */
export function pointCallbacks(
  provider: Provider,
  wish: EndpointWish,
  refuse: (target: URL) => string | undefined,
  world: World,
): Endpoint {
  const rules = provider.callbacks
  if (!rules) throw new NoSuchEndpoint(`${provider.title} sends no callbacks`)
  const unknown = (wish.events ?? []).filter((event) => !rules.events.includes(event))
  if (unknown.length > 0)
    throw new NoSuchEndpoint(
      `events: ${provider.title} sends no ${unknown.join(', ')}; it sends ${rules.events.join(', ')}`,
    )
  const account = rules.account(wish.account, world)
  if (account === undefined) throw new NoSuchEndpoint(`account: ${provider.title} has no account "${wish.account}"`)
  const refused = URL.canParse(wish.url) ? refuse(new URL(wish.url)) : `"${wish.url}" is not a URL`
  if (refused) throw new NoSuchEndpoint(`url: ${refused}`)
  const id = idOf(provider.name, account)
  const secret = secretOf(rules, account, wish.secret, world.get(Endpoints, id)?.secret, world)
  return putEndpoint(
    { id, provider: provider.name, account, url: wish.url, secret, events: wish.events ?? null },
    world,
  )
}

function idOf(provider: string, account: string): string {
  return JSON.stringify([provider, account])
}

/** Whether the partner registered it with a call of the provider, which keeps a row of its own beside it. */
export function isRegistered({ id, provider, account }: Endpoint): boolean {
  return id !== idOf(provider, account)
}

// rule: sandgate.callbacks.secret-kept
/** The secret that is given, else the one in use, else the provider's own or one drawn from the seed. */
function secretOf(
  rules: CallbackRules,
  account: string,
  given: string | undefined,
  before: string | undefined,
  world: World,
): string {
  try {
    return rules.secret(account, given ?? before, world)
  } catch (error) {
    // What was kept under other settings is not the caller's to mend.
    if (given === undefined && before !== undefined) return secretOf(rules, account, undefined, undefined, world)
    throw new NoSuchEndpoint(`secret: ${(error as Error).message}`)
  }
}
