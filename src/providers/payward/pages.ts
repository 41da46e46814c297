// Page tokens: a position in a list, opaque to the client and good for that list only.
import { Refusal } from '../../provider.ts'

/** A list that comes in pages: what its tokens look like, and the query parameter that takes them. */
export interface Paging {
  readonly label: string
  readonly prefix: string
  readonly field: string
}

export function writeToken({ label, prefix }: Paging, seq: number): string {
  return prefix + Buffer.from(`${label}:${seq}`).toString('base64url')
}

/** The position behind a token; undefined without one. */
export function readToken(paging: Paging, token: string | undefined): number | undefined {
  if (!token) return undefined
  const text = Buffer.from(token.slice(paging.prefix.length), 'base64url').toString('latin1')
  const seq = Number(/:(\d{1,15})$/.exec(text)?.[1])
  // rule: payward.list.bad-token
  if (writeToken(paging, seq) === token) return seq
  throw new Refusal('invalid_request', {
    detail: `${paging.field}: was not issued here`,
    data: { field: paging.field },
  })
}
