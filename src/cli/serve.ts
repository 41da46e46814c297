// `sandgate serve`: from flags, environment and config file to a sandbox that listens. What it does then is left to src/app.ts.
import { dirname, resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Command } from 'commander'
import { findProviders, Sandbox } from '../app.ts'
import { UsageError } from '../engine/errors.ts'
import { type Config, FLAGS } from '../options.ts'
import { StorageRefused } from '../storage/port.ts'
import { Log, type LogFormat, type LogLevel } from '../telemetry/log.ts'
import type { Host } from '../telemetry/metrics.ts'
import { readConfig } from './config.ts'
import { flagOf } from './option-flags.ts'
import { listen } from './listen.ts'

/** How much of the log waits for a slow reader of stderr; what comes then is left out. */
const LOG_BACKLOG_BYTES = 1024 * 1024
/** How long after a large world is gone its memory is given back. */
const COLLECT_MS = 1_000

interface Flags extends Config {
  readonly port: number
  readonly host: string
  readonly config?: string
  readonly scenario: string[]
  readonly data?: string
  readonly fsync: boolean
  readonly allowHost: string[]
  readonly allowCallbackHost: string[]
  readonly controlToken?: string
  readonly console: boolean
  readonly strict: boolean
  readonly log: LogFormat
  readonly logLevel: LogLevel
}

export function define(command: Command): void {
  for (const option of FLAGS) command.addOption(flagOf(option))
  command.action(serve)
}

async function serve(flags: Flags, command: Command): Promise<void> {
  const isVariable = command.getOptionValueSource('scenario') === 'env'
  const files = isVariable ? flags.scenario.flatMap((text) => text.split(',')).filter(Boolean) : flags.scenario
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
    console: flags.console,
    strict: flags.strict,
    log: flags.log === 'off' ? undefined : logTo(process.stderr, flags.log, flags.logLevel),
    host: hostOf(process),
  }).catch((error) => {
    throw error instanceof StorageRefused && /\b(EACCES|EPERM)\b/.test(error.message)
      ? new UsageError(
          `${error.message}; this process runs as uid ${process.getuid?.()}: make the directory its own (chown), or run it as the directory's owner (docker run -u)`,
        )
      : error
  })
  await listen(sandbox, flags.port, flags.host)
  void sandbox.engine.warm()
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
  return new Log({ format, level, colour: stream.isTTY && !process.env.NO_COLOR, write })
}
