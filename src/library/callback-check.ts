// Whether a callback is signed as its provider would have signed it, over the exact body, whenever that was.
import type { IncomingHttpHeaders } from 'node:http'
import type { Received } from './api.ts'
import type { CallbackRules } from '../provider.ts'
import type { Delivery, Endpoint } from '../world/outbox.ts'
import type { World } from '../world/world.ts'

/** How far from now a receiver lets the timestamp inside a signature be, as the providers' own recipes do. */
const FRESH_MS = 300_000

/** What a provider makes of the headers of a delivery, at an instant of the wall. */
export type Signer = (wallMs: number) => Readonly<Record<string, string>>

export function signerOf(rules: CallbackRules, delivery: Delivery, endpoint: Endpoint, world: World): Signer {
  return (wallMs) => rules.headers(delivery, endpoint, wallMs, world)
}

/** Signs the body as the provider would have, at every instant that the headers could mean, and compares; not every header need count. */
export function signatureIn(
  headers: IncomingHttpHeaders,
  signed: Signer,
  wallMs: number,
  counts: (name: string) => boolean = () => true,
): Received['signature'] {
  const isRight = (ms: number) =>
    Object.entries(signed(ms)).every(([name, value]) => !counts(name) || headers[name.toLowerCase()] === value)
  if (isRight(wallMs)) return 'right'
  const sent = Object.keys(signed(wallMs)).map((name) => String(headers[name.toLowerCase()]))
  const ms = instants(sent.join(' ')).find(isRight)
  if (ms === undefined) return 'wrong'
  return Math.abs(wallMs - ms) > FRESH_MS ? 'stale' : 'right'
}

/** Every number in the text that may be a time, in seconds or in milliseconds. */
function instants(text: string): number[] {
  return (text.match(/\b(\d{10}|\d{13})\b/g) ?? []).map((digits) => Number(digits) * (digits.length === 10 ? 1000 : 1))
}
