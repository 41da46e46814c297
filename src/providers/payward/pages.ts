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
  return readTokenOf([paging], token)?.seq
}

/** The position behind a token of any of several lists that are shown as one, and which of them it is in; undefined without one. */
export function readTokenOf(
  lists: readonly Paging[],
  token: string | undefined,
): { readonly list: number; readonly seq: number } | undefined {
  if (!token) return undefined
  const { field, prefix } = lists[0]!
  const text = Buffer.from(token.slice(prefix.length), 'base64url').toString('latin1')
  const seq = Number(/:(\d{1,15})$/.exec(text)?.[1])
  // rule: payward.list.bad-token
  const list = lists.findIndex((paging) => writeToken(paging, seq) === token)
  if (list !== -1) return { list, seq }
  throw new Refusal('invalid_request', {
    detail: `${field}: was not issued here`,
    data: { field },
  })
}
