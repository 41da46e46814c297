// A call as a curl command, with its secrets as variables of the shell; and as `sandgate call`, which signs it anew. A signature cannot be copied: the
// journal does not keep it, and it would be too old.
import type { Entry } from '../api/shapes.ts'
import { baseOf, type Place, quoted, type Sent, sentOf, UNSEEN, worldAt } from './sent.ts'

/** As it was sent. Undefined: the entry is not a call. */
export function curlOf(entry: Entry, place: Place): string | undefined {
  const sent = sentOf(entry)
  if (!sent) return undefined
  const lines = [
    `curl -sS -i${sent.method === 'GET' && sent.body === undefined ? '' : ` -X ${sent.method}`} ${quoted(`${baseOf(place, sent.provider)}${sent.target}`)}`,
    ...sent.headers.map(([name, value]) => `-H ${headerOf(name, value)}`),
    ...(sent.body === undefined ? [] : [`--data-raw ${quoted(sent.body)}`]),
  ]
  return [...notesOf(sent), lines.join(' \\\n  ')].join('\n')
}

/** The variables that have to be set, and what to know before it is run. */
function notesOf(sent: Sent): string[] {
  const names = [
    ...new Set(sent.headers.flatMap(([name, value]) => (value.includes(UNSEEN) ? [variableOf(name)] : []))),
    ...([sent.body, sent.target].some((text) => text?.includes(UNSEEN)) ? ['SECRET'] : []),
  ]
  return [
    ...(names.length > 0 ? [`# Set ${names.map((name) => `$${name}`).join(', ')} first.`] : []),
    ...(sent.signed
      ? ['# The signature and what it is made of have to be new for each call: sandgate call does that by itself.']
      : []),
    ...(sent.cut ? ['# The body is longer than what the journal shows, and ends here in the middle.'] : []),
  ]
}

function headerOf(name: string, value: string): string {
  if (!value.includes(UNSEEN)) return quoted(`${name}: ${value}`)
  const scheme = /^authorization$/i.test(name) && value === UNSEEN ? 'Bearer ' : ''
  const [before = '', after = ''] = value.split(UNSEEN)
  return `"${escaped(`${name}: ${scheme}${before}`)}$${variableOf(name)}${escaped(after)}"`
}

function variableOf(header: string): string {
  if (/sign/i.test(header)) return 'SIGNATURE'
  return /key|authorization|token/i.test(header) ? 'KEY' : 'SECRET'
}

/** Within double quotes of a shell. */
function escaped(text: string): string {
  return text.replaceAll(/["\\$`]/g, '\\$&')
}

/** Signed with a demo key at the moment it is run: the one that works for every provider. Undefined: the entry is not a call. */
export function callLineOf(entry: Entry, place: Place): string | undefined {
  const sent = sentOf(entry)
  if (!sent) return undefined
  const { headers, body } = sent
  const fromInput = body?.startsWith('@') ?? false
  const args = callArguments(sent)
  const line = [
    `sandgate call ${[...args.slice(0, 2), quoted(sent.target)].join(' ')}`,
    ...chosen(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-d ${fromInput ? '@-' : quoted(body)}`]),
    `--url ${quoted(place.origin)}`,
    ...(place.world === 'default' ? [] : [`--world ${place.world}`]),
    ...(place.token ? ['--control-token "$SANDGATE_CONTROL_TOKEN"'] : []),
  ].join(' \\\n  ')
  const other = (entry.key ?? 1) > 1 || entry.account === undefined
  return [
    ...(other
      ? [
          `# Signs with the first demo key; ${entry.account === undefined ? 'the key of this call is unknown' : `the call was made with key ${entry.key} of ${entry.account}`}. --key names another one.`,
        ]
      : []),
    ...(sent.cut ? ['# The body is longer than what the journal shows, and ends here in the middle.'] : []),
    fromInput ? `printf %s ${quoted(body!)} | ${line}` : line,
  ].join('\n')
}

/** The arguments of `sandgate call`, without where the sandbox is. */
export function callArguments({ provider, method, target, headers, body }: Sent): string[] {
  return [
    provider,
    method,
    target,
    ...chosen(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    ...(body === undefined ? [] : ['-d', body]),
  ]
}

/** The headers that are the client's own business: `sandgate call` adds those of the signature, which share the beginning of their names. */
function chosen(headers: Sent['headers']): Sent['headers'] {
  const families = headers
    .filter(([name, value]) => value.includes(UNSEEN) && name.includes('-'))
    .map(([name]) => name.slice(0, name.lastIndexOf('-') + 1).toLowerCase())
  return headers.filter(
    ([name, value]) =>
      !value.includes(UNSEEN) &&
      !(name.toLowerCase() === 'content-type' && value === 'application/json') &&
      (/idempot/i.test(name) || !families.some((family) => name.toLowerCase().startsWith(family))),
  )
}

/** Asks the control API, in a shell. */
export function controlCurl(place: Place, method: string, path: string, body?: string): string {
  return [
    `curl -sS -X ${method} ${quoted(`${worldAt(place)}/_sandgate${path}`)}`,
    ...(place.token ? ['-H "authorization: Bearer $SANDGATE_CONTROL_TOKEN"'] : []),
    ...(body === undefined ? [] : [`-H 'content-type: application/json'`, `--data-raw ${quoted(body)}`]),
  ].join(' \\\n  ')
}
