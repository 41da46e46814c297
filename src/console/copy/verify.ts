// A call of the journal as a `verify`: whether such a call was made.
import type { Entry } from '../api/shapes.ts'
import { controlCurl } from './curl.ts'
import { matchOf, matchText } from './match.ts'
import { type Place, sentOf } from './sent.ts'

/** The body of `POST verify`. Undefined: the entry is not a call, or of no operation. */
export function verifyBody(entry: Entry): string | undefined {
  const sent = sentOf(entry)
  if (!sent || entry.operation === undefined) return undefined
  const match = matchText(matchOf(entry))
  return `{"provider":${JSON.stringify(sent.provider)},"operation":${JSON.stringify(entry.operation)},${
    match === '{}' ? '' : `"match":${match},`
  }"times":{"atLeast":1}}`
}

/** As a curl command. */
export function verifyCurlOf(entry: Entry, place: Place): string | undefined {
  const body = verifyBody(entry)
  return body === undefined ? undefined : controlCurl(place, 'POST', '/verify', body)
}
