// A line of `sandgate do` for a shell: what a button of the page does, for scripts.
import { type Place, quoted } from './sent.ts'

/** The line that does an operation of the control API; `fields` are its parameters and the fields of its body. */
export function doLineOf(operation: string, fields: Readonly<Record<string, string>>, place: Place): string {
  const { origin, world, token } = place
  return [
    `npx sandgate do ${operation}`,
    ...Object.entries(fields).map(([name, value]) => `--${name} ${word(value)}`),
    `--url ${word(origin)}`,
    ...(world === 'default' ? [] : [`--world ${word(world)}`]),
    ...(token ? ['--control-token "$SANDGATE_CONTROL_TOKEN"'] : []),
  ].join(' ')
}

function word(text: string): string {
  return /^[\w.:/-]+$/.test(text) ? text : quoted(text)
}
