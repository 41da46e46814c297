// Sets the callback endpoint of an account, from a config file or the control API. The provider decides which fields are allowed.
import type { CallbackRules, Provider } from '../provider.ts'
import { type Endpoint, Endpoints, putEndpoint } from '../world/outbox.ts'
import type { World } from '../world/world.ts'

/** An endpoint as given in a config file or to the control API. */
export interface EndpointInput {
  readonly url: string
  readonly secret?: string | undefined
  readonly events?: readonly string[] | undefined
  /** Default: the first demo account. */
  readonly account?: string | undefined
}

/** An endpoint that cannot be, in one sentence, with the field that is wrong. */
export class InvalidEndpoint extends Error {
  readonly code: 'no_callbacks' | 'single_endpoint' | 'account_not_found' | 'invalid_request'
  readonly field: string | undefined

  constructor(message: string, field?: string, code: InvalidEndpoint['code'] = 'invalid_request') {
    super(field === undefined ? message : `${field}: ${message}`)
    this.code = code
    this.field = field
  }
}

/** Sets the callback URL of an account, or adds one `more`. `refuse` says why a URL is not allowed. Only inside a change. Throws `InvalidEndpoint`. */
export function pointCallbacks(
  provider: Provider,
  wish: EndpointInput,
  refuse: (target: URL) => string | undefined,
  world: World,
  more = false,
): Endpoint {
  const rules = provider.callbacks
  if (!rules) throw new InvalidEndpoint(`${provider.title} sends no callbacks`, undefined, 'no_callbacks')
  const unknown = (wish.events ?? []).filter((event) => !rules.events.includes(event))
  if (unknown.length > 0)
    throw new InvalidEndpoint(
      `${provider.title} sends no ${unknown.join(', ')}; it sends ${rules.events.join(', ')}`,
      'events',
    )
  const account = rules.account(wish.account, world)
  if (account === undefined)
    throw new InvalidEndpoint(`${provider.title} has no account "${wish.account}"`, 'account', 'account_not_found')
  const refused = URL.canParse(wish.url) ? refuse(new URL(wish.url)) : `"${wish.url}" is not a URL`
  if (refused) throw new InvalidEndpoint(refused, 'url')
  if (more && !rules.several)
    throw new InvalidEndpoint(
      `${provider.title} sends the callbacks of an account to one URL; PUT sets it`,
      undefined,
      'single_endpoint',
    )
  const first = idOf(provider.name, account)
  const id =
    more && world.get(Endpoints, first)
      ? idOf(provider.name, account, world.next(JSON.stringify(['endpoints', provider.name, account])))
      : first
  const secret = secretOf(
    rules,
    account,
    wish.secret,
    world.get(Endpoints, id)?.secret,
    world,
    id === first ? undefined : id,
  )
  return putEndpoint(
    { id, provider: provider.name, account, url: wish.url, secret, events: wish.events ?? null },
    world,
  )
}

function idOf(provider: string, account: string, number?: number): string {
  return JSON.stringify(number === undefined ? [provider, account] : [provider, account, number])
}

/** Whether the partner registered it through the provider's API, which has its own row for it. */
export function isRegistered({ id, provider, account }: Endpoint): boolean {
  return id !== idOf(provider, account) && !id.startsWith(`${idOf(provider, account).slice(0, -1)},`)
}

// rule: sandgate.callbacks.secret-kept
/** The given secret, else the current one, else the provider's own or one drawn from the seed. */
function secretOf(
  rules: CallbackRules,
  account: string,
  given: string | undefined,
  before: string | undefined,
  world: World,
  another?: string,
): string {
  try {
    return rules.secret(account, given ?? before, world, another)
  } catch (error) {
    // A stored secret that is invalid under the current settings is not the caller's error.
    if (given === undefined && before !== undefined)
      return secretOf(rules, account, undefined, undefined, world, another)
    throw new InvalidEndpoint((error as Error).message, 'secret')
  }
}
