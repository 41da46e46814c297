// A journal entry in words: what happened, why, and what came of it. Both `sandgate call` and `sandgate explain` print it. What else has to be looked up
// is asked of the sandbox; what it does not tell is left out.
import { visible } from '../telemetry/lines.ts'
import { deliveriesBehind, depositsTo, faultsOf, type Read } from './consequences.ts'

/** A line: what it is about, and what there is to say; undefined or empty: there is none. */
type Line = readonly [name: string, says: string | undefined]

/** How much of an answer, and of any other text, is shown. */
const ANSWER_CHARACTERS = 300
const TEXT_CHARACTERS = 2000

/** The whole explanation of an entry, as `GET journal/{id}` has it. `url`: where it can be read. */
export async function explanationOf(entry: any, url: string, read: Read): Promise<string> {
  const deposits = await depositsTo(entry, read)
  const lines: readonly Line[] = [
    ['entry', url],
    ...(entry.kind === 'call' ? callLines(entry) : otherLines(entry)),
    ...listed(
      'fault',
      (await faultsOf(entry, read)).map((summary) => textOf(summary)),
    ),
    ...listed('made', madeBy(entry)),
    ...listed('deposit', deposits.map(depositText)),
    ...listed('callback', await deliveriesBehind(entry, deposits, read)),
    ...listed('rule', await rulesOf(entry, read)),
  ]
  const shown = lines.filter(([, says]) => says !== undefined && says !== '')
  const width = Math.max(...shown.map(([name]) => name.length))
  return [sentenceOf(entry), '', ...shown.map(([name, says]) => `${name.padEnd(width)}  ${says}`)].join('\n')
}

/** What happened, as one sentence. */
function sentenceOf(entry: any): string {
  const at = `${String(entry.at).replace('T', ' ').replace('Z', '')} of world time`
  if (entry.kind !== 'call')
    return `Entry ${entry.id}, ${KINDS[entry.kind] ?? visible(String(entry.kind))} at ${at}: ${textOf(entry.summary ?? '')}.`
  const { id, operation, provider, method, path, account, key, status, ms } = entry
  const who = account === undefined ? 'somebody who was not identified' : `${textOf(account)} with key ${key}`
  const what =
    operation === undefined
      ? `${method} ${textOf(path)} of ${provider}, which its document does not know,`
      : `${operation} of ${provider} (${method} ${textOf(path)})`
  const answer = status === undefined ? 'the connection was cut' : `it was answered ${status}`
  const after = typeof ms === 'number' ? ` after ${Math.round(ms * 10) / 10} ms` : ''
  return `Entry ${id}: ${what} was called by ${who} at ${at}, and ${answer}${after}.`
}

const KINDS: Readonly<Record<string, string>> = {
  timer: 'something that was due',
  callback: 'an attempt of a callback',
  fault: 'a fault',
  control: 'a control call',
}

function callLines(entry: any): Line[] {
  const { checks = [], stopped_by: stopped, not_reached: missed = [], refusal, hint, notes = {} } = entry
  const { idempotency, ...others } = notes
  return [
    ['passed', checks.join(', ')],
    ['stopped by', stopped],
    ['not reached', missed.join(', ')],
    ['refusal', refusal],
    // What the refusal says is what it means.
    ['answer', entry.refused ? textOf(entry.response?.body ?? '', ANSWER_CHARACTERS) : undefined],
    ['hint', hint && textOf(hint)],
    ['to be signed', entry.expected_text && textOf(entry.expected_text)],
    ['idempotency', idempotencyOf(idempotency)],
    ...Object.entries(others).map(([name, value]): Line => [textOf(name), textOf(value)]),
  ]
}

function otherLines(entry: any): Line[] {
  const { provider, because, delivery, attempt, status, error, answer, call, did } = entry
  return [
    ['provider', provider],
    ['because', because && textOf(because)],
    ['delivery', delivery && `${delivery}, attempt ${attempt}`],
    ['receiver', entry.kind === 'callback' ? receiverOf(status, error) : undefined],
    ['its answer', answer && textOf(answer, ANSWER_CHARACTERS)],
    ['body', entry.kind === 'callback' ? textOf(entry.body ?? '') : undefined],
    ['struck', call && `the call of entry ${call}`],
    ['did', Array.isArray(did) && did.length > 0 ? textOf(did) : undefined],
  ]
}

/** How a receiver answered an attempt. */
function receiverOf(status: number | null | undefined, error: string | null | undefined): string {
  if (status === undefined) return 'not answered yet'
  const said = status === null ? 'not answered' : `answered ${status}`
  return error ? `${said}: ${textOf(error)}` : said
}

const DECISIONS: Readonly<Record<string, string>> = {
  kept: 'this is the first call with its key, and its answer is kept',
  replayed: 'there was a call with this key and the same content, and its answer was given again',
  conflict: 'there was a call with this key and other content, so this one was refused',
}

function idempotencyOf(note: any): string | undefined {
  if (note === undefined) return undefined
  const { decided, first_entry: first, ...more } = note
  const says = DECISIONS[decided]
  if (says === undefined) return textOf(note)
  const rest = Object.entries(more).map(([name, value]) => `${name} ${String(value)}`)
  const details = [...(first === undefined ? [] : [`entry ${first}`]), ...rest]
  return `${decided}: ${says}${details.length === 0 ? '' : textOf(` (${details.join(', ')})`)}`
}

function madeBy({ made = {} }: any): string[] {
  const { addresses = [], deposits = [], withdrawals = [], deliveries = [] } = made
  return [
    ...addresses.map(
      ({ id, address, currency, network, tag }: any) =>
        `address ${id}: ${textOf(address)}${tag === null || tag === undefined ? '' : `, tag ${textOf(tag)}`} for ${textOf(currency)} on ${textOf(network)}`,
    ),
    ...deposits.map((id: string) => `deposit ${id}`),
    ...withdrawals.map((id: string) => `withdrawal ${id}`),
    ...deliveries.map((id: string) => `callback ${id}`),
  ]
}

function depositText({ id, amount, currency, network, status }: any): string {
  return textOf(`${id}: ${amount} ${currency} on ${network}, ${status}`)
}

/** The rules that decided, in full where the sandbox has their text. */
async function rulesOf({ rules = [], provider }: any, read: Read): Promise<string[]> {
  if (rules.length === 0) return []
  const told: any[] = (await read(`/rules?provider=${encodeURIComponent(provider)}`))?.data ?? []
  return rules.map(({ id, mark }: { id: string; mark: string }) => {
    const rule = told.find((one) => one.id === id)
    return `${id} (${mark})${rule ? `: ${textOf(rule.says)} [${textOf(rule.source)}]` : ''}`
  })
}

/** Several of one kind, of which the first names it. */
function listed(name: string, texts: readonly string[]): Line[] {
  return texts.map((text, index) => [index === 0 ? name : '', text])
}

function textOf(value: unknown, characters = TEXT_CHARACTERS): string {
  return visible(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), characters)
}
