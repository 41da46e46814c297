// Which of many calls went to a provider: by the path, with or without a sandbox's prefix, by the host, and by who else was called there.
import type { Contract } from '../../contract/contract.ts'
import type { Provider } from '../../provider.ts'
import { labelsOf } from '../../text/hosts.ts'
import type { Exchange } from './exchange.ts'

/** A call to the provider, with the provider's own path. */
export interface Addressed {
  readonly exchange: Exchange
  readonly path: string
  readonly query: string | undefined
  /** Scheme and authority, without user and password. */
  readonly origin: string
}

interface Target extends Addressed {
  /** Calls that went to one place are all of one provider. */
  readonly place: string
  readonly host: string
}

/** The scheme may be missing, and what stands for a host may be the name of a variable. */
const URL_PARTS = /^(?:(https?|wss?):\/\/)?([^/?#\s]*)([^?#]*)(?:\?([^#]*))?/i
/** Browsers ask this for themselves; HEAD is no call of an API. */
const METHODS_OF_BROWSERS = ['OPTIONS', 'CONNECT', 'HEAD', 'TRACE']
/** How many hosts are told by name. */
const HOSTS_TOLD = 5

/** The calls of this provider, in the order of the file. */
export function callsOf(
  provider: Provider,
  exchanges: readonly Exchange[],
  contract: Contract,
  others: readonly string[],
): Addressed[] {
  const found = exchanges
    .flatMap((exchange) => targetOf(exchange, provider.name, others))
    .filter(({ exchange }) => !METHODS_OF_BROWSERS.includes(exchange.method))
  // A path that the provider does not document may still be a call of it, when it went where the documented ones went.
  const documented = found.filter(({ exchange, path }) => contract.match(exchange.method, path))
  // Other companies have paths such as /v1/users too, but not this key; where no headers are told, nobody knows.
  const hasKey = ({ exchange }: Addressed) => exchange.headers?.some(([name]) => name === provider.keyHeader)
  const likely = documented.some(hasKey)
    ? documented.filter((call) => !call.exchange.headers?.length || hasKey(call))
    : documented
  const places = new Set(likely.map(({ place }) => place))
  return found.filter(({ place }) => places.has(place))
}

/** What there was instead, for people; hosts alone, because a path may hold a key. */
export function hostsTold(exchanges: readonly Exchange[]): string {
  const hosts = [...new Set(exchanges.map(({ url }) => partsOf(url).host))]
  const some = hosts.slice(0, HOSTS_TOLD).map((host) => host || 'a URL without a host')
  const more = hosts.length - some.length
  return `${exchanges.length} ${exchanges.length === 1 ? 'request' : 'requests'} to ${some.join(', ')}${more > 0 ? ` and ${more} other hosts` : ''}`
}

function partsOf(url: string) {
  const [, scheme = 'https', authority = '', path = '', query] = URL_PARTS.exec(url)!
  return {
    scheme: scheme.toLowerCase().replace('ws', 'http'),
    host: authority.slice(authority.lastIndexOf('@') + 1).toLowerCase(),
    path,
    query,
  }
}

function targetOf(exchange: Exchange, provider: string, others: readonly string[]): Target[] {
  const { scheme, host, path: raw, query } = partsOf(exchange.url)
  const label = labelsOf(host)?.provider
  const [, prefix = '', rest] = new RegExp(`^((?:/w/[a-z0-9-]+)?/${provider})(?=/|$)(.*)$`, 's').exec(raw) ?? []
  const elsewhere = new RegExp(`^(/w/[a-z0-9-]+)?/(_sandgate|${others.join('|')})(/|$)`)
  if ((label !== undefined && others.includes(label)) || (rest === undefined && elsewhere.test(raw))) return []
  const path = asciiOf(rest ?? raw) || '/'
  return [
    {
      exchange,
      path,
      query: query === undefined ? undefined : asciiOf(query),
      origin: `${scheme}://${host}`,
      host,
      place: `${host} ${prefix && 'prefixed'}`,
    },
  ]
}

/** A request line has no other characters: what a tool shows in letters was sent in percent. */
function asciiOf(text: string): string {
  return text.replace(/[^\x21-\x7e]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}
