// Who may drive the sandbox: programs on this machine and its containers, not a web page that happens to be open in a browser.
import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

export interface GuardOptions {
  readonly allowHosts: readonly string[]
  readonly token: string | undefined
}

/** Why this request may not drive the sandbox: a code and a sentence; undefined when it may. */
export function refuseControl(
  headers: IncomingHttpHeaders,
  { allowHosts, token }: GuardOptions,
): { code: 'unauthorized' | 'forbidden'; detail: string } | undefined {
  // rule: sandgate.guard.host
  const host = hostName(headers.host ?? '')
  // A browser always names a host; a probe of HTTP/1.0 need not.
  if (host !== '' && !isTrusted(host) && !allowHosts.includes(host)) {
    return {
      code: 'forbidden',
      detail: `the host "${host}" is not a loopback name, an IP address or a name without a dot; allow it with --allow-host ${host}`,
    }
  }
  // rule: sandgate.guard.origin
  if (
    headers.origin !== undefined &&
    headers.origin !== `http://${headers.host}` &&
    headers.origin !== `https://${headers.host}`
  ) {
    return { code: 'forbidden', detail: `a page of ${headers.origin} may not drive the sandbox` }
  }
  // rule: sandgate.guard.token
  if (token !== undefined && !equal(headers.authorization ?? '', `Bearer ${token}`)) {
    return {
      code: 'unauthorized',
      detail: 'the control API asks for Authorization: Bearer with the token given by --control-token',
    }
  }
  return undefined
}

function hostName(host: string): string {
  return host
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase()
}

function isTrusted(host: string): boolean {
  return host.endsWith('.localhost') || isIP(host) !== 0 || !host.includes('.')
}

function equal(given: string, expected: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}
