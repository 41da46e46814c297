// How a receiver verifies a callback: what is signed, with what, where the signature stands, and a line that computes it. No signature is shown: whoever
// received the callback has it.

export interface Recipe {
  /** The header, and what in it is the signature. */
  readonly header: string
  readonly says: string
  /** The part of a line of openssl that names the digest and the key. */
  readonly openssl: string
}

const TEXT_KEY = '-hmac "$CALLBACK_SECRET"'
const BASE64_KEY =
  '-mac HMAC -macopt "hexkey:$(printf %s "$CALLBACK_SECRET" | base64 -d | od -An -v -tx1 | tr -d \' \\n\')"'

export const RECIPES: Readonly<Record<string, Recipe>> = {
  alphapo: {
    header: 'X-Processing-Signature',
    says: 'HMAC-SHA512 of the exact body, with the secret key of the merchant, in hex.',
    openssl: `-sha512 ${TEXT_KEY}`,
  },
  cpg: {
    header: 'X-CPG-Signature',
    says: 'HMAC-SHA256 of X-CPG-Timestamp, a line feed and the exact body, with the secret of the endpoint, in hex.',
    openssl: `-sha256 ${TEXT_KEY}`,
  },
  payward: {
    header: 'X-Signature',
    says: 'Behind v1=: HMAC-SHA256 of the number behind t=, a full stop and the exact body, with the secret of the webhook decoded from base64, in hex.',
    openssl: `-sha256 ${BASE64_KEY}`,
  },
  zopay: {
    header: 'X-ZoPay-Signature',
    says: 'Behind v1=: HMAC-SHA256 of the number behind t=, a full stop and the exact body, with the secret of the endpoint, in hex.',
    openssl: `-sha256 ${TEXT_KEY}`,
  },
}

/** A line to paste that computes the signature over a text. */
export function signingLine(recipe: Recipe, signedText: string): string {
  return `printf %s '${signedText.replaceAll("'", "'\\''")}' \\\n  | openssl dgst ${recipe.openssl}`
}

/** The headers of an attempt as lines, without what proves who sent it. */
export function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${shown(name, value)}`)
    .join('\n')
}

function shown(name: string, value: string): string {
  if (!/sign|secret|token|authorization|cookie|(?<!idempotency-)key/i.test(name)) return value
  const without = value.replace(/[0-9a-f]{32,}/gi, '(hidden)')
  return without === value ? '(hidden)' : without
}
