// What a sandbox says when it is ready: where it listens, providers with base URLs and published demo keys, and what one needs next. Keys of a config
// file are never printed.
import { relative } from 'node:path'
import type { DemoCredential, Provider } from '../provider.ts'
import type { Sandbox } from '../app.ts'
import { EVERY_INTERFACE } from './flags.ts'

/** No line is wider, unless a word is. */
const COLUMNS = 100

export function readyText(sandbox: Sandbox, url: string, host: string): string {
  const providers = [...sandbox.providers.values()]
  const blocks = providers.map((provider) => blockOf(provider, demoOf(provider, sandbox), url))
  const first = providers.find((provider) => demoOf(provider, sandbox).length > 0)
  return [
    `sandgate listening on ${url}`,
    '',
    ...(EVERY_INTERFACE.includes(host) ? ['Every interface of this machine is listened on.', ''] : []),
    'provider  base URL, and under it account, demo key, demo secret',
    ...blocks.flat(),
    '',
    ...(sandbox.options.console === false ? [] : [`console      ${url}/_sandgate/console/`]),
    `control API  ${url}/_sandgate`,
    `journal      ${url}/_sandgate/journal`,
    ...(first ? [`first call   ${callOf(first, url)}`] : []),
  ].join('\n')
}

/** One provider: its base URL, then a line for each key; what is too wide or a note has a line of its own. */
function blockOf({ title, name }: Provider, demos: readonly DemoCredential[], url: string): string[] {
  const widths = [
    Math.max(...demos.map(({ account }) => account.length)),
    Math.max(...demos.map(({ key }) => key.length)),
  ]
  const lines = demos.flatMap(({ account, key, secret, note }) => {
    const start = `  ${account.padEnd(widths[0]!)}  ${key.padEnd(widths[1]!)}`
    const whole = `${start}  ${secret ?? ''}`.trimEnd()
    const keyLines = whole.length <= COLUMNS ? [whole] : [start.trimEnd(), `    ${secret}`]
    return [...keyLines, ...(note === undefined ? [] : wrapped(note, '    # '))]
  })
  return [`${title.padEnd(8)}  ${url}/${name}`, ...lines]
}

function wrapped(text: string, indent: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && `${last} ${word}`.length <= COLUMNS) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(indent + word)
  }
  return lines
}

/** How the program is called where it was started. */
export function programName(): string {
  const script = process.argv[1]!
  return /node_modules[/\\]\.bin[/\\]/.test(script) ? 'npx sandgate' : `node ${relative('', script)}`
}

/** A command that can be pasted where the program was started. */
function callOf({ name, firstCall }: Provider, url: string): string {
  const { method, path, body } = firstCall
  const where = url === 'http://127.0.0.1:4010' ? [] : [`--url ${url}`]
  return [
    `${programName()} call ${name} ${method} ${path}`,
    ...where,
    ...(body === undefined ? [] : [`-d '${body}'`]),
  ].join(` \\\n${' '.repeat(15)}`)
}

/** The demo credentials that are valid: a config file may have replaced their accounts. */
function demoOf(provider: Provider, sandbox: Sandbox): readonly DemoCredential[] {
  const valid = provider.credentials(sandbox.world() ?? sandbox.engine.worlds.blank())
  return provider.demo.filter((demo) =>
    valid.some(({ account, key, secret }) => account === demo.account && key === demo.key && secret === demo.secret),
  )
}
