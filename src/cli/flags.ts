// Flags of the commands that ask a running sandbox, and of those that serve one without its options. They load little, because health checks come
// every few seconds; the flags of `serve` are made from the options in option-flags.ts.
import { InvalidArgumentError, Option } from 'commander'
import { TOKEN } from '../text/hosts.ts'

/** Hosts to listen on that are no address to call. */
export const EVERY_INTERFACE: readonly string[] = ['0.0.0.0', '::']

/** A flag that is an environment variable as well. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description)
  return option.env(`SANDGATE_${option.name().replaceAll('-', '_').toUpperCase()}`)
}

export function portFlag(description = 'port to listen on'): Option {
  return flag('--port <port>', description).default(4010).argParser(port)
}

export function hostFlag(description = 'address to listen on'): Option {
  return flag('--host <host>', description).default('127.0.0.1').argParser(notEmpty)
}

export function tokenFlag(): Option {
  return flag('--control-token <token>', 'bearer token that the control API asks for').argParser(token)
}

function port(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (!(number <= 65_535)) throw new InvalidArgumentError(`expected a port from 0 to 65535, got "${text}"`)
  return number
}

/** The text stays out of the message: it is a secret. */
function token(text: string): string {
  if (!TOKEN.test(text))
    throw new InvalidArgumentError('expected visible ASCII without blanks, as a header can carry it')
  return text
}

export function notEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('expected some text')
  return text
}

export function entryNumber(text: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text))
    throw new InvalidArgumentError(`expected the number of a journal entry, got "${text}"`)
  return Number(text)
}
