// Which provider and which world a request is for: by path (`/cpg`, `/w/ci-42/cpg`), by host name (`cpg.localhost`, `cpg.ci-42.localhost`), or by the
// key (`cpg_demo_key.ci-42`). What is answered there is left to reply.ts.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Incoming } from './http/received.ts'
import type { Served } from './http/reply.ts'
import type { World } from './world/world.ts'
import { DEFAULT_WORLD, type Worlds } from './worlds.ts'

const WORLD_PATH = /^\/w\/([a-z0-9][a-z0-9-]{0,62})(?=\/|$)/
const CONTROL_PATH = /^\/_sandgate(?=\/|$)/
const KEY_SUFFIX = /\.([a-z0-9][a-z0-9-]{0,62})$/
const LABELS = /^([a-z0-9-]+)\.(?:([a-z0-9-]+)\.)?localhost(?::\d+)?$/i
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
export function targetOf(req: IncomingMessage, served: ReadonlyMap<string, Served>, worlds: Worlds): Target | undefined {
  // A server must take the absolute form of a request line too (RFC 9112, 3.2.2).
  const url = req.url!.startsWith('/') ? req.url! : req.url!.replace(/^https?:\/\/[^/?]*/i, '') || '/'
  const queryAt = url.indexOf('?')
  const linePath = queryAt < 0 ? url : url.slice(0, queryAt)
  const query = queryAt < 0 ? undefined : url.slice(queryAt + 1)
  const found = byPlace(linePath, req.headers.host ?? '', served)
  if (!found) return undefined
  const { worldId, path } = found
  if (worldId !== undefined) return { served: found.served, worldId, world: worlds.get(worldId), path, linePath, query, strangeWorld: undefined }

  // rule: sandgate.worlds.by-key
  const { keyHeader } = found.served.provider
  const key = req.headers[keyHeader]
  const suffix = typeof key === 'string' && key.includes('.') ? KEY_SUFFIX.exec(key) : null
  const world = suffix ? worlds.get(suffix[1]!) : undefined
  // A world that does not exist leaves the key as it is, so that the provider refuses it as unknown.
  if (!suffix || !world) return { served: found.served, worldId, world: worlds.get(DEFAULT_WORLD), path, linePath, query, strangeWorld: suffix?.[1] }
  req.headers[keyHeader] = (key as string).slice(0, suffix.index)
  return { served: found.served, worldId: suffix[1], world, path, linePath, query, strangeWorld: undefined }
}

function byPlace(linePath: string, host: string, served: ReadonlyMap<string, Served>): Pick<Target, 'served' | 'worldId' | 'path'> | undefined {
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
export function incomingOf(req: IncomingMessage, { path, linePath, query, strangeWorld }: Target, body: Buffer | undefined, wallMs: number): Incoming {
  const { remoteAddress = '' } = req.socket
  const ip = remoteAddress.startsWith(MAPPED) ? remoteAddress.slice(MAPPED.length) : remoteAddress
  return { method: req.method!, path, linePath, query, headers: req.headers, body, ip, origin: req.headers.host ? undefined : originOf(req.socket), wallMs, strangeWorld }
}

/** HTTP/1.0 may leave the Host header out: where the connection leads is what there is. */
function originOf({ localAddress = '127.0.0.1', localPort }: Socket): string {
  const address = localAddress.startsWith(MAPPED) ? localAddress.slice(MAPPED.length) : localAddress
  return `http://${address.includes(':') ? `[${address}]` : address}${localPort === undefined ? '' : `:${localPort}`}`
}
