// Comparing signatures, and the scheme of callbacks that two providers share: `t=SECONDS,v1=HEX` over the seconds, a dot and the body.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Headers } from './types.ts'

/** How far the time inside a signature may be from our clock. */
export const FRESH_MS = 300_000

export function header(headers: Headers, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : ''
}

/** Compares two signatures without telling by the time it takes where they differ. */
export function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

export function isFresh(seconds: string, nowMs: number): boolean {
  return /^\d{1,12}$/.test(seconds) && Math.abs(Number(seconds) * 1000 - nowMs) <= FRESH_MS
}

export function isSignedAndDated(value: string, secret: string | Buffer, body: string, nowMs: number): boolean {
  const seconds = /(?:^|,)t=(\d+)/.exec(value)?.[1] ?? ''
  const expected = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  const signed = [...value.matchAll(/(?:^|,)v1=([0-9a-f]+)/g)].some(([, given]) => same(given!, expected))
  return signed && isFresh(seconds, nowMs)
}
