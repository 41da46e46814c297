// What lines for a terminal have in common, those of the log and those of the commands: their colours, the text of strangers on one line, and why a
// call was answered with a no. Who writes them, and when, is left to others.

/** How a line looks: the same names as the levels of the log. */
export type Looks = 'error' | 'warn' | 'info' | 'debug'

const COLOURS: Readonly<Record<Looks, string>> = {
  error: '\u001b[31m',
  warn: '\u001b[33m',
  info: '',
  debug: '\u001b[2m',
}
const PLAIN = '\u001b[0m'

/** The text in the colour of its looks, which ends where it ends. */
export function coloured(text: string, looks: Looks, colour: boolean | undefined): string {
  const start = colour ? COLOURS[looks] : ''
  return start ? `${start}${text}${PLAIN}` : text
}

/** How a call looks that was answered with this status; 0 or null: it was not answered. */
export function looksOf(status: number | null): Looks {
  if (status !== null && status >= 500) return 'error'
  return status === null || status === 0 || status >= 400 ? 'warn' : 'info'
}

/** Why a call was answered as it was: refusal, faults and hint, one behind the other; empty when there is nothing to say. */
export function reasonsOf(refusal: string | undefined, faults: number, hint: string | undefined): string {
  return [
    refusal,
    faults > 0 && `${faults} ${faults === 1 ? 'fault' : 'faults'} applied`,
    hint && `hint: ${visible(hint)}`,
  ]
    .filter(Boolean)
    .join(', ')
}

/** Text of a stranger as one line of a terminal: nothing that moves the cursor or begins a new line. */
export function visible(text: string, characters = 500): string {
  const shown = text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return shown.length > characters ? `${shown.slice(0, characters)}…` : shown
}
