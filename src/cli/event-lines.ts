// What the stream of events tells, a line each, as the log would look. An event that says nothing to a person has no line.
import { coloured, type Looks, looksOf, reasonsOf, visible } from '../telemetry/lines.ts'
import type { StreamEvent } from './event-stream.ts'
import { jsonOf } from './where.ts'

/** How much of a summary or a path is shown. */
const TEXT_CHARACTERS = 300

/** What a world that is told of is: the one that was followed so far, or one with another journal, or one whose journal was emptied. */
export type WorldNews = 'known' | 'other' | 'emptied'

/** The brief form of a journal entry, as far as a line shows it. */
interface Brief {
  readonly id: number
  readonly kind: string
  readonly at: string
  readonly provider?: string
  readonly operation?: string
  readonly method?: string
  readonly path?: string
  readonly status?: number | null
  readonly ms?: number
  readonly refusal?: string
  readonly hint?: string
  readonly summary?: string
  readonly event?: string
  readonly delivery?: string
  readonly attempt?: number
  readonly error?: string | null
  readonly idempotency?: string
  readonly faults?: number
}

/** The line of an event; undefined: there is nothing to show. */
export function lineOf({ event, data }: StreamEvent, news: WorldNews, colour: boolean): string | undefined {
  const told = jsonOf(data)
  if (typeof told !== 'object' || told === null) return undefined
  try {
    return lineOfTold(event, told, news, colour)
  } catch {
    // One event that is not as it should be spoils its own line alone.
    return visible(`${event}: ${data}`, TEXT_CHARACTERS)
  }
}

function lineOfTold(event: string, told: any, news: WorldNews, colour: boolean): string | undefined {
  switch (event) {
    case 'entry':
    case 'amended':
      return entryLine(told, event === 'amended', colour)
    case 'gap':
      return coloured(
        `entries ${told.after + 1} to ${told.next - 1} were not told; sandgate do listJournal --after ${told.after} reads those that are kept`,
        'warn',
        colour,
      )
    case 'world':
      return worldLine(told, news, colour)
    default:
      return undefined
  }
}

function worldLine(
  { id, gone, problem }: { id: string; gone?: boolean; problem?: string },
  news: WorldNews,
  colour: boolean,
): string | undefined {
  const said = problem === undefined ? '' : `; it is stopped: ${visible(problem)}`
  if (gone) return coloured(`world ${id} is gone`, 'warn', colour)
  if (news === 'emptied')
    return coloured(`the journal of world ${id} was emptied; its ids continue${said}`, 'warn', colour)
  if (news === 'other')
    return coloured(`world ${id} is another one now: its journal begins anew${said}`, 'warn', colour)
  return said === '' ? undefined : coloured(`world ${id}${said.replace('; it', '')}`, 'warn', colour)
}

function entryLine(entry: Brief, amended: boolean, colour: boolean): string {
  const { id, at, kind } = entry
  const [text, looks] = TEXTS[kind]?.(entry) ?? [visible(entry.summary ?? kind, TEXT_CHARACTERS), 'info']
  const time = at.slice(0, 19).replace('T', ' ')
  return `${time} ${coloured(`${id} ${amended ? 'now: ' : ''}${text}`, looks, colour)}`
}

const TEXTS: Readonly<Record<string, (entry: Brief) => [text: string, looks: Looks]>> = {
  call: ({ provider, operation, method, path, status, ms, refusal, faults = 0, hint, idempotency }) => {
    const asked = operation ?? `${method} ${visible(path ?? '', TEXT_CHARACTERS)}`
    const time = ms === undefined ? '' : ` ${Math.round(ms * 10) / 10}ms`
    const more = [reasonsOf(refusal, faults, hint), idempotency].filter(Boolean).join(', ')
    return [`${provider} ${asked} ${status || 'cut'}${time}${more && ` ${more}`}`, looksOf(status ?? null)]
  },
  callback: ({ provider, event, status, attempt, delivery, error }) => {
    const outcome = status === undefined ? 'on its way' : (status ?? 'unanswered')
    const failed = typeof error === 'string' && error !== ''
    return [
      `${provider} callback ${event} ${outcome} attempt ${attempt} ${delivery}${failed ? ` ${visible(error)}` : ''}`,
      failed ? 'warn' : 'info',
    ]
  },
  timer: ({ provider, summary = '' }) => [`${provider} ${visible(summary, TEXT_CHARACTERS)}`, 'debug'],
  fault: ({ provider, summary = '' }) => [`${provider} fault: ${visible(summary, TEXT_CHARACTERS)}`, 'warn'],
  control: ({ summary = '' }) => [visible(summary, TEXT_CHARACTERS), 'debug'],
}
