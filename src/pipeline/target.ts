// Which provider and which world a request is for: by path (`/cpg`, `/w/ci-42/cpg`), by host name (`cpg.localhost`, `cpg.ci-42.localhost`), or by the
// key (`cpg_demo_key.ci-42`). What is answered there is left to pipeline/call.ts.
import type { IncomingMessage } from 'node:http'
import type { Incoming } from '../contract/received-call.ts'
import type { ProviderRuntime } from './exchange.ts'
import { authorityOf, bareAddress, labelsOf } from '../text/hosts.ts'
import type { World } from '../world/world.ts'
import { DEFAULT_WORLD, type Worlds } from '../engine/worlds.ts'

const WORLD_PATH = /^\/w\/([a-z0-9][a-z0-9-]{0,62})(?=\/|$)/
const CONTROL_PATH = /^\/_sandgate(?=\/|$)/
const KEY_SUFFIX = /\.([a-z0-9][a-z0-9-]{0,62})$/

export interface Target {
  readonly runtime: ProviderRuntime
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
  readonly unknownWorldSuffix: string | undefined
}

/** Undefined: the request is for no provider. A world's name behind the key is taken off, so that the provider sees its own key. */
export function targetOf(
  req: IncomingMessage,
  runtimes: ReadonlyMap<string, ProviderRuntime>,
  worlds: Pick<Worlds, 'get'>,
): Target | undefined {
  const url = req.url!
  const queryAt = url.indexOf('?')
  const linePath = queryAt < 0 ? url : url.slice(0, queryAt)
  const query = queryAt < 0 ? undefined : url.slice(queryAt + 1)
  const found = byPlace(linePath, req.headers.host ?? '', runtimes)
  if (!found) return undefined
  const { worldId, path } = found
  if (worldId !== undefined)
    return {
      runtime: found.runtime,
      worldId,
      world: worlds.get(worldId),
      path,
      linePath,
      query,
      unknownWorldSuffix: undefined,
    }

  // rule: sandgate.worlds.by-key
  const { keyHeader } = found.runtime.provider
  const key = req.headers[keyHeader]
  const suffix = typeof key === 'string' && key.includes('.') ? KEY_SUFFIX.exec(key) : null
  const world = suffix ? worlds.get(suffix[1]!) : undefined
  // A world that does not exist leaves the key as it is, so that the provider refuses it as unknown.
  if (!suffix || !world)
    return {
      runtime: found.runtime,
      worldId,
      world: worlds.get(DEFAULT_WORLD),
      path,
      linePath,
      query,
      unknownWorldSuffix: suffix?.[1],
    }
  req.headers[keyHeader] = (key as string).slice(0, suffix.index)
  return { runtime: found.runtime, worldId: suffix[1], world, path, linePath, query, unknownWorldSuffix: undefined }
}

/** The worlds that a request may be for, the first that there is: for those that are asked for before they are there. Undefined: it is for no provider. */
export function worldsOf(req: IncomingMessage, runtimes: ReadonlyMap<string, ProviderRuntime>): string[] | undefined {
  const found = byPlace(req.url!.split('?', 1)[0]!, req.headers.host ?? '', runtimes)
  if (!found) return undefined
  if (found.worldId !== undefined) return [found.worldId]
  const key = req.headers[found.runtime.provider.keyHeader]
  const suffix = typeof key === 'string' ? KEY_SUFFIX.exec(key)?.[1] : undefined
  return suffix === undefined ? [DEFAULT_WORLD] : [suffix, DEFAULT_WORLD]
}

function byPlace(
  linePath: string,
  host: string,
  runtimes: ReadonlyMap<string, ProviderRuntime>,
): Pick<Target, 'runtime' | 'worldId' | 'path'> | undefined {
  const labels = labelsOf(host)
  const byHost = labels && runtimes.get(labels.provider)
  if (byHost && !CONTROL_PATH.test(linePath)) return { runtime: byHost, worldId: labels.world, path: linePath }
  const inWorld = linePath.startsWith('/w/') ? WORLD_PATH.exec(linePath) : null
  const rest = inWorld ? linePath.slice(inWorld[0].length) : linePath
  const end = rest.indexOf('/', 1)
  const byPath = runtimes.get(rest.slice(1, end < 0 ? undefined : end))
  return byPath && { runtime: byPath, worldId: inWorld?.[1] ?? labels?.world, path: end < 0 ? '/' : rest.slice(end) }
}

/** The request as the provider gets it, once its body is there. */
export function incomingOf(
  req: IncomingMessage,
  { path, linePath, query, unknownWorldSuffix }: Target,
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
    ip: bareAddress(req.socket.remoteAddress ?? ''),
    wallMs,
    unknownWorldSuffix,
  }
  // rule: sandgate.http.no-host
  return req.headers.host ? incoming : { ...incoming, origin: `http://${authorityOf(req)}` }
}
