// `sandgate serve`: from flags, environment and config file to a sandbox that listens. What it does then is left to src/app.ts.
import { dirname, resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Command, InvalidArgumentError } from 'commander'
import { Clock, readConfig } from '../config.ts'
import { KeepRefused } from '../storage/file/recovery.ts'
import { Log, LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../telemetry/log.ts'
import type { Host } from '../telemetry/metrics.ts'
import { findProviders, Sandbox } from '../app.ts'
import { UsageError } from '../engine/errors.ts'
import { collect, flag, hostFlag, hostNames, notEmpty, portFlag, tokenFlag } from './flags.ts'
import { listen } from './listen.ts'

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
/** How long after a large world is gone its memory is given back. */
const COLLECT_MS = 1_000

export function define(command: Command): void {
  command
    .addOption(portFlag('port to listen on; 0 takes any free one'))
    .addOption(hostFlag())
    .addOption(flag('--seed <seed>', 'what addresses, ids and hashes are derived from (sandgate)').argParser(notEmpty))
    .addOption(flag('--clock <clock>', 'real, or an instant at which the world starts, frozen (real)').argParser(clock))
    .addOption(flag('--config <file>', 'config file (YAML)').argParser(notEmpty))
    .addOption(
      flag('--scenario <file>', 'scenario file; may be repeated, in the environment separated by commas')
        .default([])
        .argParser(collect),
    )
    .addOption(
      flag('--data <dir>', 'directory in which everything is kept; in memory alone without it').argParser(notEmpty),
    )
    .addOption(flag('--fsync', 'what is kept survives power cuts too').default(false))
    .addOption(
      flag('--allow-host <name>', 'host name that the control API answers to; may be repeated')
        .default([])
        .argParser(hostNames),
    )
    .addOption(
      flag(
        '--allow-callback-host <name>',
        'host name that callbacks may go to, beside loopback and private addresses; may be repeated',
      )
        .default([])
        .argParser(hostNames),
    )
    .addOption(tokenFlag())
    .addOption(flag('--strict', 'an answer off contract is a loud 500').default(false))
    .addOption(flag('--log <format>', 'a line for each call on stderr').choices(LOG_FORMATS).default('pretty'))
    .addOption(
      flag('--log-level <level>', 'the least important lines that are written').choices(LOG_LEVELS).default('info'),
    )
    .action(serve)
}

async function serve(flags: Flags, command: Command): Promise<void> {
  // A variable cannot be repeated, so several files come in one.
  const files =
    command.getOptionValueSource('scenario') === 'env'
      ? flags.scenario.flatMap((text) => text.split(',')).filter(Boolean)
      : flags.scenario
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
    host: hostOf(process),
  }).catch((error) => {
    throw error instanceof KeepRefused && /\b(EACCES|EPERM)\b/.test(error.message)
      ? new UsageError(
          `${error.message}; this process runs as uid ${process.getuid?.()}: make the directory its own (chown), or run it as the directory's owner (docker run -u)`,
        )
      : error
  })
  await listen(sandbox, flags.port, flags.host)
  void sandbox.warm()
}

/** The process, with a way to give memory back: the engine would otherwise keep what a large world took until it needs it for something else. */
function hostOf(process: NodeJS.Process): Host {
  let waiting: NodeJS.Timeout | undefined
  return {
    memoryUsage: () => process.memoryUsage(),
    cpuUsage: () => process.cpuUsage(),
    uptime: () => process.uptime(),
    // Later, when whoever asked has its answer, and once for all that are deleted together.
    collect: () =>
      void (waiting ??= setTimeout(() => {
        waiting = undefined
        setFlagsFromString('--expose-gc')
        void runInNewContext('gc({ type: "major", execution: "async" })')
      }, COLLECT_MS).unref()),
  }
}

/** A reader of the lines that goes away, or is slower than they come, costs nothing but the lines. */
function logTo(stream: NodeJS.WriteStream, format: 'pretty' | 'json', level: LogLevel): Log {
  stream.on('error', () => undefined)
  const write = (text: string) => {
    if (stream.writableLength < LOG_BACKLOG_BYTES) stream.write(text)
  }
  // As no-color.org has it: there, and not empty.
  return new Log({ format, level, colour: stream.isTTY === true && !process.env.NO_COLOR, write })
}

function clock(text: string): string {
  const parsed = Clock.safeParse(text)
  if (!parsed.success) throw new InvalidArgumentError(`${parsed.error.issues[0]!.message}, got "${text}"`)
  return text
}
