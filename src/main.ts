#!/usr/bin/env node
// The command line: `sandgate serve`, `schema`, `where`, `health`. The only place that knows the process it runs in.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { Clock, configJsonSchema, readConfig, UsageError } from './config.ts'
import { version } from './control/version.ts'
import { Log, LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './log.ts'
import type { DemoCredential, Provider } from './provider.ts'
import { findProviders, Sandbox } from './sandbox.ts'

interface Flags {
  readonly port: number
  readonly host: string
  readonly seed?: string
  readonly clock?: string
  readonly config?: string
  readonly allowHost: string[]
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
  .addOption(flag('--allow-host <name>', 'host name that the control API answers to; may be repeated').default([]).argParser(collect))
  .addOption(flag('--control-token <token>', 'bearer token that the control API asks for'))
  .addOption(flag('--strict', 'an answer off contract is a loud 500').default(false))
  .addOption(flag('--log <format>', 'a line for each call on stderr').choices(LOG_FORMATS).default('pretty'))
  .addOption(flag('--log-level <level>', 'the least important lines that are written').choices(LOG_LEVELS).default('info'))
  .action(serve)

program
  .command('schema')
  .description('print the JSON Schema of the files Sandgate reads')
  .option('--config', 'of the config file')
  .action(async ({ config }: { config?: boolean }) => {
    if (!config) throw new UsageError('say which schema: sandgate schema --config')
    console.log(JSON.stringify(configJsonSchema(await findProviders()), null, 2))
  })

program
  .command('health')
  .description('ask a running sandbox whether it is well; for HEALTHCHECK')
  .addOption(flag('--port <port>', 'port to ask').default(4010).argParser(port))
  .action(async ({ port }: { port: number }) => {
    const answer = await fetch(`http://127.0.0.1:${port}/_sandgate/health`).catch((error: Error) => error)
    if (answer instanceof Error || !answer.ok) throw new UsageError(`no healthy sandbox on port ${port}: ${answer instanceof Error ? String(answer.cause ?? answer.message) : answer.status}`)
    console.log(await answer.text())
  })

async function serve(flags: Flags): Promise<void> {
  const providers = await findProviders()
  const config = flags.config === undefined ? {} : readConfig(flags.config, providers)
  const sandbox = new Sandbox(providers, {
    ...config,
    seed: flags.seed ?? config.seed ?? 'sandgate',
    clock: flags.clock ?? config.clock ?? 'real',
    allowHosts: flags.allowHost,
    controlToken: flags.controlToken,
    strict: flags.strict,
    log: flags.log === 'off' ? undefined : logTo(process.stderr, flags.log, flags.logLevel),
    host: process,
  })
  const url = await sandbox.listen(flags.port, flags.host).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EADDRINUSE' ? 'is taken; choose another one, or 0 for any free one' : `cannot be listened on: ${error.message}`
    throw new UsageError(`--port ${flags.port} (--host ${flags.host}) ${why}`)
  })
  console.log(`sandgate listening on ${url}\n\n${table(sandbox, url)}`)
  void sandbox.warm()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(sandbox))
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

/** The demo credentials that a config file has not replaced. */
function demoOf({ name, demo }: Provider, { options }: Sandbox): readonly DemoCredential[] {
  const configured = (options.providers?.[name] as { accounts?: object } | undefined)?.accounts ?? {}
  return demo.filter(({ account }) => !(account in configured))
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

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exit(0)
  if (!(error instanceof CommanderError || error instanceof UsageError)) throw error
  console.error(error.message.replaceAll('\n', ' ').replace(/^error: /, 'sandgate: ').replace(/^(?!sandgate: )/, 'sandgate: '))
  process.exit(2)
}
