// Where an account's callbacks go: from words to an endpoint. What may be said is the provider's affair.
import type { Provider } from '../provider.ts'
import { type Endpoint, putEndpoint } from '../world/outbox.ts'
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
export function pointCallbacks(provider: Provider, wish: EndpointWish, refuse: (target: URL) => string | undefined, world: World): Endpoint {
  const rules = provider.callbacks
  if (!rules) throw new NoSuchEndpoint(`${provider.title} sends no callbacks`)
  const unknown = (wish.events ?? []).filter((event) => !rules.events.includes(event))
  if (unknown.length > 0) throw new NoSuchEndpoint(`events: ${provider.title} sends no ${unknown.join(', ')}; it sends ${rules.events.join(', ')}`)
  const account = rules.account(wish.account, world)
  if (account === undefined) throw new NoSuchEndpoint(`account: ${provider.title} has no account "${wish.account}"`)
  const refused = URL.canParse(wish.url) ? refuse(new URL(wish.url)) : `"${wish.url}" is no URL`
  if (refused) throw new NoSuchEndpoint(`url: ${refused}`)
  let secret: string
  try {
    secret = rules.secret(account, wish.secret, world)
  } catch (error) {
    throw new NoSuchEndpoint(`secret: ${(error as Error).message}`)
  }
  return putEndpoint({ id: JSON.stringify([provider.name, account]), provider: provider.name, account, url: wish.url, secret, events: wish.events ?? null }, world)
}
