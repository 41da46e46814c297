// How a host and a bearer token may be written, wherever somebody gives one.
import type { IncomingMessage } from 'node:http'

/** A host as a `Host` header or a URL names it, lower case: a name or an address, without scheme, port or path. */
export const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$|^[0-9a-f:]*:[0-9a-f:.]*$/
/** What a header can carry behind the word Bearer. */
export const TOKEN = /^[!-~]+$/

/** With the dot at the end of a name that is whole, and with a colon that no port follows, as some clients write it. */
const LABELS = /^([a-z0-9-]+)\.(?:([a-z0-9-]+)\.)?localhost\.?(?::\d*)?$/i
/** What stands before an address of IPv4 on a socket of IPv6. */
const MAPPED = '::ffff:'

/** What a host name such as `cpg.localhost` or `cpg.ci-42.localhost` says: a provider, and a world. */
export function labelsOf(host: string): { readonly provider: string; readonly world: string | undefined } | undefined {
  const labels = LABELS.exec(host)
  return labels ? { provider: labels[1]!.toLowerCase(), world: labels[2]?.toLowerCase() } : undefined
}

/** Host and port as the client named them; those it was connected to where it named none. */
export function authorityOf({ headers: { host }, socket: { localAddress, localPort } }: IncomingMessage): string {
  if (host) return host
  if (localAddress === undefined) return 'localhost'
  const address = bareAddress(localAddress)
  return `${address.includes(':') ? `[${address}]` : address}:${localPort}`
}

export function bareAddress(address: string): string {
  return address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address
}
