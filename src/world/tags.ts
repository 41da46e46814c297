// Destination tags and memos: which texts are the same one, and which a payment on a chain can carry. Who owns them is left to chain.ts.
import type { Chain } from './addresses.ts'

/** A whole number as payers and their spreadsheets write it: blanks around it, a plus, zeros in front, `.0` behind. */
const WHOLE = /^\+?0*(\d+)(?:\.0*)?$/
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i

const UINT32_MAX = 2n ** 32n - 1n
const UINT64_MAX = 2n ** 64n - 1n
const MEMO_BYTES_MAX = 28

// rule: sandgate.tags.spelling
/** The one spelling of a tag: a number in its plain digits, any other text without the blanks around it. */
export function plainTag(tag: string): string {
  const text = tag.trim()
  return WHOLE.exec(text)?.[1] ?? text
}

/** Whether both name the same tag; null is none. */
export function sameTag(one: string | null, other: string | null): boolean {
  return one === other || (one !== null && other !== null && plainTag(one) === plainTag(other))
}

// rule: sandgate.tags.possible
/** Why no payment on this chain can carry this tag, in plain spelling; undefined: one can. */
export function impossibleTag(chain: Chain, tag: string): string | undefined {
  const carries = CARRIES[chain]
  if (carries === undefined) return 'payments on this network have no tag'
  return tag === '' ? 'is empty' : carries(tag)
}

/** What a payment carries beside the address, by chain; those that are missing carry nothing. */
const CARRIES: Readonly<Partial<Record<Chain, (tag: string) => string | undefined>>> = {
  // XRPL's documents, "Source and Destination Tags".
  xrp: (tag) => (isWhole(tag, UINT32_MAX) ? undefined : `a destination tag is a whole number from 0 to ${UINT32_MAX}`),

  // Stellar's documents, "Memos": a number is meant as MEMO_ID, any other text is a MEMO_TEXT.
  stellar: (tag) => {
    if (NUMBER.test(tag))
      return isWhole(tag, UINT64_MAX) ? undefined : `a numeric memo is a whole number from 0 to ${UINT64_MAX}`
    return Buffer.byteLength(tag) <= MEMO_BYTES_MAX ? undefined : `a text memo has at most ${MEMO_BYTES_MAX} bytes`
  },

  // Free text that the network keeps and that no provider tells addresses apart by.
  solana: () => undefined,
  tron: () => undefined,
  cardano: () => undefined,
}

function isWhole(tag: string, most: bigint): boolean {
  return /^\d{1,20}$/.test(tag) && BigInt(tag) <= most
}
