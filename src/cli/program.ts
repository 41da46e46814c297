// Which command is meant, and that one alone is loaded: each stands in a file of its own, so that asking for health costs no sandbox. A mistake is
// told in one line, with exit status 2.
import { Command, CommanderError } from 'commander'
import { version } from '../runtime/package.ts'
import { stackOf } from '../runtime/stack.ts'
import { UsageError } from '../engine/errors.ts'
import { cleanEnvironment, VARIABLES } from './environment.ts'

interface Chapter {
  readonly about: string
  readonly load: () => Promise<{ define(command: Command): void }>
}

/** `serve` need not be said. */
export const COMMANDS: Readonly<Record<string, Chapter>> = {
  serve: {
    about: 'serve the providers; what sandgate does when no command is given',
    load: () => import('./serve.ts'),
  },
  schema: { about: 'print the JSON Schema of scenario files or of the config file', load: () => import('./schema.ts') },
  check: {
    about: 'validate scenario files and report rules that can never fire; nothing is run',
    load: () => import('./check.ts'),
  },
  health: { about: 'check a running sandbox; for HEALTHCHECK', load: () => import('./health.ts') },
  call: {
    about: 'send one signed call to a provider; print the response and why it is what it is',
    load: () => import('./call.ts'),
  },
  do: {
    about: 'do one operation of the control API; without OPERATION they are listed',
    load: () => import('./do.ts'),
  },
  follow: {
    about: 'show what happens in a world, as it happens, one line each',
    load: () => import('./follow.ts'),
  },
  explain: {
    about: 'say what one journal entry was, why it was answered so, and what came of it',
    load: () => import('./explain.ts'),
  },
  coverage: {
    about: 'say what a world was used for and what was never exercised; --fail-under for CI',
    load: () => import('./coverage.ts'),
  },
  replay: {
    about: 'replay a recording in a new world and compare every response; no callbacks are sent',
    load: () => import('./replay.ts'),
  },
  minimise: {
    about: 'remove calls from a recording while its first difference remains',
    load: () => import('./minimise.ts'),
  },
  explore: {
    about: 'run your own command again and again while other things go wrong, and write down what makes it fail',
    load: () => import('./explore.ts'),
  },
  prove: {
    about: 'run your own command while the failure of a scenario file or a case file happens; with a receipt',
    load: () => import('./prove.ts'),
  },
  import: {
    about:
      'make a recording of calls to the real provider (HAR file, commands of curl, output of curl -v), to see where the sandbox answers otherwise',
    load: () => import('./import.ts'),
  },
}

export async function run(): Promise<void> {
  process.on('uncaughtException', (error) => {
    console.error(stackOf(error))
    process.exit(1)
  })
  const args = process.argv.slice(2)
  try {
    await checkCommand(args[args[0] === 'help' ? 1 : 0])
    const wanted = commandOf(args)
    // The others have processes of their own to end.
    if (!['serve', 'explore', 'prove'].includes(wanted ?? '')) endWithReader()
    const unknown = cleanEnvironment(process.env)
    // Whoever serves has told it; health is asked every few seconds.
    if (wanted !== 'health')
      for (const name of unknown)
        console.error(`sandgate: ${name} is not a variable of Sandgate${await nearest(name, VARIABLES)}`)
    await (await programFor(wanted)).parseAsync()
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return
    if (!(await isMistake(error))) throw error
    console.error(
      (error as Error).message
        .replaceAll('\n', error instanceof CommanderError ? ' ' : '; ')
        .replace(/^error: /, 'sandgate: ')
        .replace(/^(?!sandgate: )/, 'sandgate: '),
    )
    process.exit(2)
  }
}

/** Whoever reads the output may have seen enough, as `head` has: that is no mistake. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
}

/** The whole program, of which one command knows its flags. */
async function programFor(wanted: string | undefined): Promise<Command> {
  const program = new Command('sandgate')
    .description('A local stand-in for the crypto deposit providers Zopay, CPG, Payward and AlphaPo.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
  for (const [name, { about, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name, { isDefault: name === 'serve' }).description(about)
    if (name === wanted) (await load()).define(command)
  }
  return program
}

/** The command whose flags are needed: that of the first word, `serve` where none is said. */
function commandOf(args: readonly string[]): string | undefined {
  const [first, second] = args
  if (first === 'help') return second
  if (first !== undefined && ['-h', '--help', '-V', '--version'].includes(first)) return undefined
  return first !== undefined && Object.hasOwn(COMMANDS, first) ? first : 'serve'
}

/** What stands where a command belongs is one, or a flag of the command that need not be said. */
async function checkCommand(named: string | undefined): Promise<void> {
  const known = [...Object.keys(COMMANDS), 'help']
  if (named === undefined || named.startsWith('-') || known.includes(named)) return
  throw new UsageError(`there is no command "${named}"${await nearest(named, known)}`)
}

async function nearest(name: string, known: readonly string[]): Promise<string> {
  return (await import('../text/suggest.ts')).didYouMean(name, known)
}

/** What the user has to mend; anything else is a bug and is loud. Only who meets an error loads what knows errors. */
async function isMistake(error: unknown): Promise<boolean> {
  if (error instanceof CommanderError || error instanceof UsageError) return true
  const [{ InvalidEndpoint }, { InvalidBalance }, { StorageRefused }, { YamlError }] = await Promise.all([
    import('../outbox/endpoints.ts'),
    import('../scenario/balances.ts'),
    import('../storage/port.ts'),
    import('../text/yaml.ts'),
  ])
  return [InvalidEndpoint, InvalidBalance, StorageRefused, YamlError].some((mistake) => error instanceof mistake)
}
