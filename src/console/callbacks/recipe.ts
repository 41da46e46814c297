// How a receiver verifies a callback: the provider's own rule about its signature, and a line that computes it. No signature is shown: whoever received the
// callback has it.
import type { Attempt, Rule } from '../api/shapes.ts'
import { quoted, UNSEEN } from '../copy/sent.ts'

export interface Recipe {
  /** The header that has the signature. */
  readonly header: string
  /** What the provider's rules say about it. */
  readonly rule: Rule | undefined
  /** A line to paste that computes it from the secret in `$CALLBACK_SECRET`; undefined where the digest is not known. */
  readonly line: string | undefined
}

/** A MAC in hex. */
const MAC = /[0-9a-f]{64,}/i
const DIGESTS: Readonly<Record<number, string>> = { 64: 'sha256', 96: 'sha384', 128: 'sha512' }
const TEXT_KEY = '-hmac "$CALLBACK_SECRET"'
const BASE64_KEY =
  '-mac HMAC -macopt "hexkey:$(printf %s "$CALLBACK_SECRET" | openssl base64 -d -A | od -An -v -tx1 | tr -d \' \\n\')"'

/**
 * How an attempt is verified; undefined: it has no signature.
 * @param rules those of its provider
 */
export function recipeOf(
  { headers = {}, signed_text: text }: Pick<Attempt, 'headers' | 'signed_text'>,
  rules: readonly Rule[],
): Recipe | undefined {
  const [header, value = ''] = Object.entries(headers).find(([name]) => /signature/i.test(name)) ?? []
  if (header === undefined) return undefined
  const about = rules.filter(({ says }) => says.includes('HMAC') && says.includes(header))
  const rule = about.find(({ says }) => says.startsWith(header)) ?? about[0]
  const digest = DIGESTS[MAC.exec(value)?.[0].length ?? 0]
  const key = rule?.says.includes('base64-decoded') ? BASE64_KEY : TEXT_KEY
  return {
    header,
    rule,
    line:
      digest === undefined || text === undefined
        ? undefined
        : `printf %s ${quoted(text)} \\\n  | openssl dgst -${digest} ${key}`,
  }
}

/** The headers of an attempt as lines, without what proves who sent it. */
export function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${shown(name, value)}`)
    .join('\n')
}

function shown(name: string, value: string): string {
  if (!/sign|secret|token|authorization|cookie|(?<!idempotency-)key/i.test(name)) return value
  const without = value.replace(/[0-9a-f]{32,}/gi, UNSEEN)
  return without === value ? UNSEEN : without
}
