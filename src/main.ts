#!/usr/bin/env node
// The command line: `sandgate serve`, `schema`, `check`, `health`, `replay`, `minimise`, `import`. The only place that knows the process it runs in.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { Clock, configJsonSchema, readConfig, UsageError } from './config.ts'
import { checkFiles } from './control/check.ts'
import { scenarioJsonSchema } from './control/scenario.ts'
import { version } from './control/version.ts'
import { NoSuchEndpoint } from './http/endpoints.ts'
import { Log, LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './log.ts'
import type { DemoCredential, Provider } from './provider.ts'
import { importHar } from './har.ts'
import { KeepRefused } from './keep/recovery.ts'
import { CASE_BYTES, readRecording, type Recording, Unusable } from './keep/recording.ts'
import { readBytes, UnreadableText } from './reading.ts'
import { minimise, Replay, report, reportAll, summary } from './replay.ts'
import { contractOf, findProviders, Sandbox } from './sandbox.ts'
import { meant, YamlError } from './yaml.ts'

interface Flags {
  readonly port: number
  readonly host: string
  readonly seed?: string
  readonly clock?: string
  readonly config?: string
  readonly scenario: string[]
  readonly data?: string
  readonly fsync: boolean
  readonly allowHost: string[]
  readonly allowCallbackHost: string[]
  readonly controlToken?: string
  readonly strict: boolean
  readonly log: LogFormat
  readonly logLevel: LogLevel
}

/** How much of the log waits for a slow reader of stderr; what comes then is left out. */
const LOG_BACKLOG_BYTES = 1024 * 1024

/** What is in flight gets this long after SIGTERM. */
const STOP_MS = 4_000

const program = new Command('sandgate')
  .description('A local stand-in for the crypto deposit providers Zopay, CPG, Payward and AlphaPo.')
  .version(version)
  .exitOverride()
  .configureOutput({ outputError: () => undefined })

program
  .command('serve', { isDefault: true })
  .description('serve the providers')
  .addOption(flag('--port <port>', 'port to listen on; 0 takes any free one').default(4010).argParser(port))
  .addOption(flag('--host <host>', 'address to listen on').default('127.0.0.1'))
  .addOption(flag('--seed <seed>', 'what addresses, ids and hashes are derived from (sandgate)').argParser(notEmpty))
  .addOption(flag('--clock <clock>', 'real, or an instant at which the world starts, frozen (real)').argParser(clock))
  .addOption(flag('--config <file>', 'config file (YAML)'))
  .addOption(flag('--scenario <file>', 'scenario file; may be repeated, in the environment separated by commas').default([]).argParser(collect))
  .addOption(flag('--data <dir>', 'directory in which everything is kept; in memory alone without it').argParser(notEmpty))
  .addOption(flag('--fsync', 'what is kept survives power cuts too').default(false))
  .addOption(flag('--allow-host <name>', 'host name that the control API answers to; may be repeated').default([]).argParser(collect))
  .addOption(flag('--allow-callback-host <name>', 'host name that callbacks may go to, beside loopback and private addresses; may be repeated').default([]).argParser(collect))
  .addOption(flag('--control-token <token>', 'bearer token that the control API asks for'))
  .addOption(flag('--strict', 'an answer off contract is a loud 500').default(false))
  .addOption(flag('--log <format>', 'a line for each call on stderr').choices(LOG_FORMATS).default('pretty'))
  .addOption(flag('--log-level <level>', 'the least important lines that are written').choices(LOG_LEVELS).default('info'))
  .action(serve)

program
  .command('schema')
  .description('print the JSON Schema of the files Sandgate reads')
  .option('--config', 'of the config file; of scenario files unless given')
  .action(async ({ config }: { config?: boolean }) => {
    console.log(JSON.stringify(config ? configJsonSchema(await findProviders()) : scenarioJsonSchema(), null, 2))
  })

program
  .command('check')
  .description('say what is wrong with scenario files and which of their rules can never act; nothing is run')
  .argument('<file...>', 'scenario files, checked as they would be loaded together')
  .action(async (files: string[]) => {
    const { errors, warnings, told } = checkFiles(files, { providers: await findProviders(), contract: contractOf })
    for (const line of told) console.log(line)
    for (const line of [...errors, ...warnings]) console.error(line)
    process.exitCode = errors.length > 0 ? 2 : warnings.length > 0 ? 1 : 0
  })

program
  .command('health')
  .description('ask a running sandbox whether it is well; for HEALTHCHECK')
  .addOption(flag('--port <port>', 'port to ask').default(4010).argParser(port))
  .addOption(flag('--control-token <token>', 'bearer token that the control API asks for'))
  .action(async ({ port, controlToken: token }: { port: number; controlToken?: string }) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const answer = await fetch(`http://127.0.0.1:${port}/_sandgate/health`, { headers }).catch((error: Error) => error)
    if (answer instanceof Error || !answer.ok) throw new UsageError(`no healthy sandbox on port ${port}: ${answer instanceof Error ? String(answer.cause ?? answer.message) : answer.status}`)
    console.log(await answer.text())
  })

program
  .command('replay <file>')
  .description('play a recording in a fresh world and compare every answer; nobody is called')
  .option('--until <entry>', 'stop before the call with this entry', entryNumber)
  .option('--all', 'list every call that is answered otherwise; only the first one unless given')
  .option('--serve', 'then serve the world there, frozen, to look around')
  .addOption(flag('--port <port>', 'port to listen on').default(4010).argParser(port))
  .addOption(flag('--host <host>', 'address to listen on').default('127.0.0.1'))
  .action((file: string, flags: { until?: number; all?: boolean; serve?: boolean; port: number; host: string }) => usingCase(file, async (recording) => {
    const replay = new Replay(recording, await findProviders())
    const played = await replay.play(flags.until, flags.all)
    console.log(!played.differs ? summary(played, recording) : flags.all ? reportAll(played) : report(played.differs, played))
    if (played.differs) process.exitCode = 1
    if (flags.serve) await serveReplay(replay, flags)
  }))

program
  .command('minimise <file>')
  .description('drop calls from a recording while its first difference remains')
  .option('--out <file>', 'where the smaller recording goes (FILE.min.json)')
  .action((file: string, { out = `${file.replace(/\.json$/, '')}.min.json` }: { out?: string }) => usingCase(file, async (before) => {
    const { recording, differs, plays } = await minimise(before, await findProviders())
    write(out, recording)
    console.log(`${out}: ${recording.journal.length} of ${before.journal.length} steps are left after ${plays} replays; entry ${differs.call.entry} still differs at ${differs.where}`)
  }))

program
  .command('import <file>')
  .description('make a recording of the traffic in a HAR file, to see where the sandbox answers otherwise')
  .requiredOption('--provider <name>', 'whose traffic it is')
  .option('--out <file>', 'where the recording goes (FILE.json)')
  .action((file: string, { provider: name, out = `${file.replace(/\.har$/, '')}.json` }: { provider: string; out?: string }) => using(file, async (text) => {
    const providers = await findProviders()
    const provider = providers.get(name)
    if (!provider) throw new UsageError(`--provider ${name}: there are ${[...providers.keys()].join(', ')}${meant(name, [...providers.keys()])}`)
    const recording = importHar(text, provider, contractOf(name))
    write(out, recording)
    console.log(`${out}: ${recording.journal.length} calls of ${provider.title}; sandgate replay ${out} shows where the sandbox answers otherwise`)
  }))

/** Reads a file and works with it; what is wrong with it is told in one line with its name. */
async function using(file: string, work: (text: string) => Promise<void>): Promise<void> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file}: cannot be read: ${(error as Error).message}`)
  }
  await work(text).catch((error) => {
    throw error instanceof Unusable ? new UsageError(`${file}: ${error.message.replaceAll('\n', ' ')}`) : error
  })
}

/** Reads a case file and works with it. Whatever ends that early is told in one line, and status 1 stays what it is: an answer differs. */
async function usingCase(file: string, work: (recording: Recording) => Promise<void>): Promise<void> {
  try {
    await work(readRecording(readBytes(file, CASE_BYTES)))
  } catch (error) {
    if (error instanceof UnreadableText || error instanceof Unusable) throw new UsageError(`${file}: ${error.message}`)
    throw error instanceof UsageError ? error : new UsageError(`${file}: a bug in Sandgate: it cannot be played to its end: ${String(error)}`)
  }
}

function write(file: string, recording: Recording): void {
  try {
    writeFileSync(file, `${JSON.stringify(recording, null, 1)}\n`)
  } catch (error) {
    throw new UsageError(`${file}: cannot be written: ${(error as Error).message}`)
  }
}

/** The world where a replay stopped; callbacks go nowhere. */
async function serveReplay(replay: Replay, { port, host }: { port: number; host: string }): Promise<void> {
  replay.release(Date.now)
  await listen(replay.sandbox, port, host)
}

function entryNumber(text: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new InvalidArgumentError(`expected the number of an entry, got "${text}"`)
  return Number(text)
}

async function serve(flags: Flags, command: Command): Promise<void> {
  // A variable cannot be repeated, so several files come in one.
  const files = command.getOptionValueSource('scenario') === 'env' ? flags.scenario.flatMap((text) => text.split(',')).filter(Boolean) : flags.scenario
  const providers = await findProviders()
  const config = flags.config === undefined ? {} : readConfig(flags.config, providers)
  const sandbox = await Sandbox.open(providers, {
    ...config,
    data: flags.data,
    fsync: flags.fsync,
    seed: flags.seed ?? config.seed,
    clock: flags.clock ?? config.clock,
    scenarios: files.length > 0 ? files : config.scenarios?.map((file) => resolve(dirname(flags.config!), file)),
    allowHosts: flags.allowHost,
    allowCallbackHosts: flags.allowCallbackHost,
    controlToken: flags.controlToken,
    strict: flags.strict,
    log: flags.log === 'off' ? undefined : logTo(process.stderr, flags.log, flags.logLevel),
    host: process,
  })
  await listen(sandbox, flags.port, flags.host)
  void sandbox.warm()
}

/** Listens, and says so. Whoever reads the ready line may send a signal at once, so signals are listened for before it. */
async function listen(sandbox: Sandbox, port: number, host: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(sandbox))
  const url = await sandbox.listen(port, host).catch(async (error: NodeJS.ErrnoException) => {
    await sandbox.close()
    const why = error.code === 'EADDRINUSE' ? 'is taken; choose another one, or 0 for any free one' : `cannot be listened on: ${error.message}`
    throw new UsageError(`--port ${port} (--host ${host}) ${why}`)
  })
  console.log(`sandgate listening on ${url}\n\n${table(sandbox, url)}`)
}

/** A reader of the lines that goes away, or is slower than they come, costs nothing but the lines. */
function logTo(stream: NodeJS.WriteStream, format: 'pretty' | 'json', level: LogLevel): Log {
  stream.on('error', () => undefined)
  const write = (text: string) => {
    if (stream.writableLength < LOG_BACKLOG_BYTES) stream.write(text)
  }
  return new Log({ format, level, colour: stream.isTTY === true && !('NO_COLOR' in process.env), write })
}

function stop(sandbox: Sandbox): void {
  setTimeout(() => process.exit(0), STOP_MS).unref()
  void sandbox.close().then(() => process.exit(0))
}

/** Providers, base URLs and the published demo keys; keys from a config file are never printed. */
function table(sandbox: Sandbox, url: string): string {
  const rows = [...sandbox.providers.values()].flatMap((provider) =>
    demoOf(provider, sandbox).map(({ account, key, secret, note }, index) => [
      index === 0 ? provider.title : '',
      index === 0 ? `${url}/${provider.name}` : '',
      account,
      key,
      secret ?? '',
      note ?? '',
    ]),
  )
  const all = [['provider', 'base URL', 'account', 'demo key', 'demo secret', ''], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n')
}

/** The demo credentials that are valid: a config file may have replaced their accounts. */
function demoOf(provider: Provider, sandbox: Sandbox): readonly DemoCredential[] {
  const valid = provider.credentials(sandbox.world()!)
  return provider.demo.filter((demo) => valid.some(({ account, key, secret }) => account === demo.account && key === demo.key && secret === demo.secret))
}

function flag(flags: string, description: string): Option {
  const option = new Option(flags, description)
  return option.env(`SANDGATE_${option.name().replaceAll('-', '_').toUpperCase()}`)
}

function port(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (!(number <= 65_535)) throw new InvalidArgumentError(`expected a port from 0 to 65535, got "${text}"`)
  return number
}

function clock(text: string): string {
  const parsed = Clock.safeParse(text)
  if (!parsed.success) throw new InvalidArgumentError(`${parsed.error.issues[0]!.message}, got "${text}"`)
  return text
}

function notEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('expected some text')
  return text
}

function collect(name: string, names: string[]): string[] {
  return [...names, name]
}

/** What stands where a command belongs is one, or a flag of the command that need not be said. */
function checkCommand(named: string | undefined): void {
  const known = [...program.commands.map((command) => command.name()), 'help']
  if (named !== undefined && !named.startsWith('-') && !known.includes(named)) throw new UsageError(`there is no command "${named}"${meant(named, known)}`)
}

// To commander a variable is a flag that is there, whatever it says.
for (const name of ['SANDGATE_STRICT', 'SANDGATE_FSYNC']) if (/^(|0|no|off|false)$/i.test(process.env[name] ?? '1')) delete process.env[name]

try {
  checkCommand(process.argv[process.argv[2] === 'help' ? 3 : 2])
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exit(0)
  if (!(error instanceof CommanderError || error instanceof KeepRefused || error instanceof NoSuchEndpoint || error instanceof UsageError || error instanceof YamlError)) throw error
  console.error(error.message.replaceAll('\n', ' ').replace(/^error: /, 'sandgate: ').replace(/^(?!sandgate: )/, 'sandgate: '))
  process.exit(2)
}
