// Which provider and which world a request is for: by path (`/cpg`, `/w/ci-42/cpg`), by host name (`cpg.localhost`, `cpg.ci-42.localhost`), or by the
// key (`cpg_demo_key.ci-42`). What is answered there is left to pipeline/call.ts.
import type { IncomingMessage } from 'node:http'
import type { Incoming } from './received.ts'
import type { Served } from './call.ts'
import type { World } from '../world/world.ts'
import { DEFAULT_WORLD, type Worlds } from '../engine/worlds.ts'

const WORLD_PATH = /^\/w\/([a-z0-9][a-z0-9-]{0,62})(?=\/|$)/
const CONTROL_PATH = /^\/_sandgate(?=\/|$)/
const KEY_SUFFIX = /\.([a-z0-9][a-z0-9-]{0,62})$/
/** With the dot at the end of a name that is whole, and with a colon that no port follows, as some clients write it. */
const LABELS = /^([a-z0-9-]+)\.(?:([a-z0-9-]+)\.)?localhost\.?(?::\d*)?$/i
/** What stands before an address of IPv4 on a socket of IPv6. */
const MAPPED = '::ffff:'

export interface Target {
  readonly served: Served
  /** The world that path, host name or key asks for; undefined: none is named. */
  readonly worldId: string | undefined
  /** Undefined: there is no such world. */
  readonly world: World | undefined
  /** The provider's own path. */
  readonly path: string
  /** The path on the request line. */
  readonly linePath: string
  readonly query: string | undefined
  /** What stands behind a dot after the key, and is no world. */
  readonly strangeWorld: string | undefined
}

/** What a host name such as `cpg.localhost` or `cpg.ci-42.localhost` says: a provider, and a world. */
export function labelsOf(host: string): { readonly provider: string; readonly world: string | undefined } | undefined {
  const labels = LABELS.exec(host)
  return labels ? { provider: labels[1]!.toLowerCase(), world: labels[2]?.toLowerCase() } : undefined
}

/** Undefined: the request is for no provider. A world's name behind the key is taken off, so that the provider sees its own key. */
export function targetOf(
  req: IncomingMessage,
  served: ReadonlyMap<string, Served>,
  worlds: Worlds,
): Target | undefined {
  const url = req.url!
  const queryAt = url.indexOf('?')
  const linePath = queryAt < 0 ? url : url.slice(0, queryAt)
  const query = queryAt < 0 ? undefined : url.slice(queryAt + 1)
  const found = byPlace(linePath, req.headers.host ?? '', served)
  if (!found) return undefined
  const { worldId, path } = found
  if (worldId !== undefined)
    return { served: found.served, worldId, world: worlds.get(worldId), path, linePath, query, strangeWorld: undefined }

  // rule: sandgate.worlds.by-key
  const { keyHeader } = found.served.provider
  const key = req.headers[keyHeader]
  const suffix = typeof key === 'string' && key.includes('.') ? KEY_SUFFIX.exec(key) : null
  const world = suffix ? worlds.get(suffix[1]!) : undefined
  // A world that does not exist leaves the key as it is, so that the provider refuses it as unknown.
  if (!suffix || !world)
    return {
      served: found.served,
      worldId,
      world: worlds.get(DEFAULT_WORLD),
      path,
      linePath,
      query,
      strangeWorld: suffix?.[1],
    }
  req.headers[keyHeader] = (key as string).slice(0, suffix.index)
  return { served: found.served, worldId: suffix[1], world, path, linePath, query, strangeWorld: undefined }
}

function byPlace(
  linePath: string,
  host: string,
  served: ReadonlyMap<string, Served>,
): Pick<Target, 'served' | 'worldId' | 'path'> | undefined {
  const labels = labelsOf(host)
  const byHost = labels && served.get(labels.provider)
  if (byHost && !CONTROL_PATH.test(linePath)) return { served: byHost, worldId: labels.world, path: linePath }
  const inWorld = linePath.startsWith('/w/') ? WORLD_PATH.exec(linePath) : null
  const rest = inWorld ? linePath.slice(inWorld[0].length) : linePath
  const end = rest.indexOf('/', 1)
  const byPath = served.get(rest.slice(1, end < 0 ? undefined : end))
  return byPath && { served: byPath, worldId: inWorld?.[1] ?? labels?.world, path: end < 0 ? '/' : rest.slice(end) }
}

/** The request as the provider gets it, once its body is there. */
export function incomingOf(
  req: IncomingMessage,
  { path, linePath, query, strangeWorld }: Target,
  body: Buffer | undefined,
  wallMs: number,
): Incoming {
  const incoming = {
    method: req.method!,
    path,
    linePath,
    query,
    headers: req.headers,
    body,
    ip: bare(req.socket.remoteAddress ?? ''),
    wallMs,
    strangeWorld,
  }
  // rule: sandgate.http.no-host
  return req.headers.host ? incoming : { ...incoming, origin: `http://${authorityOf(req)}` }
}

/** Host and port as the client named them; those it was connected to where it named none. */
export function authorityOf({ headers: { host }, socket: { localAddress, localPort } }: IncomingMessage): string {
  if (host) return host
  if (localAddress === undefined) return 'localhost'
  const address = bare(localAddress)
  return `${address.includes(':') ? `[${address}]` : address}:${localPort}`
}

function bare(address: string): string {
  return address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address
}
