// Reads server-sent events from bytes as they come: https://html.spec.whatwg.org/multipage/server-sent-events.html
// `EventSource` does the same, and cannot send a token.

export interface ServerEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/** Takes text in any pieces, and returns the events that are complete. */
export class EventReader {
  #rest = ''

  read(text: string): ServerEvent[] {
    this.#rest += text
    const found: ServerEvent[] = []
    for (;;) {
      const end = /\r?\n\r?\n/.exec(this.#rest)
      if (!end) return found
      const block = this.#rest.slice(0, end.index)
      this.#rest = this.#rest.slice(end.index + end[0].length)
      const event = eventOf(block)
      if (event) found.push(event)
    }
  }
}

/** Undefined for a comment. */
function eventOf(block: string): ServerEvent | undefined {
  let event = 'message'
  let id: string | undefined
  const data: string[] = []
  for (const line of block.split(/\r?\n/)) {
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? []
    if (field === 'event') event = value
    else if (field === 'id') id = value
    else if (field === 'data') data.push(value)
  }
  return data.length === 0 ? undefined : { event, id, data: data.join('\n') }
}
