// What `explore` and `prove` have in common: the flags, the sandbox that is asked or opened, and the keys that the command is given.
import { type Command, InvalidArgumentError } from 'commander'
import { findProviders, Sandbox } from '../app.ts'
import { UsageError } from '../engine/errors.ts'
import { CannotStart, Stopped } from '../explore/command.ts'
import { CannotExplore } from '../explore/explore.ts'
import { CannotWrite } from '../explore/folder.ts'
import { oracleOf } from '../explore/oracle.ts'
import type { Setting } from '../explore/run.ts'
import type { WithProviders, Sandbox as Handle } from '../library/api.ts'
import { connect } from '../library/connect.ts'
import { openSandbox } from '../library/create.ts'
import { SandgateError } from '../library/errors.ts'
import { knownSecrets } from '../engine/secrets.ts'
import type { Credential, Provider } from '../provider.ts'
import { durationMs } from '../text/durations.ts'
import { hiding } from '../text/redact.ts'
import { readConfig } from './config.ts'
import { flag, notEmpty, tokenFlag } from './flags.ts'
import { urlOf } from './where.ts'

/** How long a run may take unless it is said, wall ms. */
const TIMEOUT_MS = 120_000
/** So many worlds are there at once at most. */
export const MOST_JOBS = 32
/** What ends a run: a key, a process that stops others, a terminal that is closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface DrivingFlags {
  readonly url?: string
  readonly controlToken?: string
  readonly config?: string
  readonly oracle?: string
  readonly net?: boolean
  readonly timeout?: number
}

export function drivingFlags(command: Command): Command {
  return command
    .addOption(flag('--url <url>', 'sandbox to use (default: one of its own for the time being)').argParser(urlOf))
    .addOption(tokenFlag())
    .addOption(flag('--config <file>', 'config file of the accounts and keys').argParser(notEmpty))
    .option(
      '--oracle <source>',
      'the books after each run, as JSON lines or an array: a file, a URL or a command; {world} and {seed} stand for those of the run',
      notEmpty,
    )
    .option('--net', 'the amounts of the books are net of the fees of the provider')
    .option('--timeout <duration>', 'how long one run may take (default: 2m)', wallTime)
}

/** Drives with a sandbox that is there for so long, until it is done or a signal comes: the second one ends it at once. */
export async function driving<Result>(
  flags: DrivingFlags,
  command: readonly string[],
  work: (setting: Setting) => Promise<Result>,
): Promise<Result> {
  const providers = await findProviders()
  const stop = new AbortController()
  const interrupt = () => (stop.signal.aborted ? process.exit(130) : stop.abort())
  for (const signal of SIGNALS) process.on(signal, interrupt)
  // Whoever read the output has seen enough.
  process.stdout.on('error', () => stop.abort())
  const sandbox = await sandboxOf(flags, providers)
  try {
    const credentials = await credentialsOf(flags, providers)
    return await work({
      sandbox,
      providers,
      credentials,
      command,
      // The command may ask the control API too.
      env: { ...process.env, ...(flags.controlToken !== undefined && { SANDGATE_CONTROL_TOKEN: flags.controlToken }) },
      oracle: flags.oracle === undefined ? undefined : oracleOf(flags.oracle),
      net: flags.net === true,
      timeoutMs: flags.timeout ?? TIMEOUT_MS,
      stop: stop.signal,
      hide: hiding(secretsIn(flags, providers)),
    })
  } catch (error) {
    if (error instanceof Stopped) throw new UsageError('stopped by a signal')
    const isGone = flags.url !== undefined && (error as Error).message.startsWith(`the sandbox at ${flags.url}`)
    const isMistake =
      isGone ||
      error instanceof CannotStart ||
      error instanceof CannotExplore ||
      error instanceof CannotWrite ||
      error instanceof SandgateError
    throw isMistake ? new UsageError((error as Error).message) : error
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt)
    await sandbox.close()
  }
}

async function sandboxOf(
  { url, controlToken, config }: DrivingFlags,
  providers: ReadonlyMap<string, Provider>,
): Promise<WithProviders<Handle>> {
  if (url !== undefined)
    return connect(url, { ...(controlToken !== undefined && { token: controlToken }) }).catch((error: Error) => {
      throw new UsageError(error.message)
    })
  // What the worlds start with is for the runs to say.
  const { scenarios: _, clock: __, seed: ___, ...rest } = config === undefined ? {} : readConfig(config, providers)
  return openSandbox({ ...rest, port: 0, console: false })
}

/** The first key of each provider: of a config file, or the published one. */
async function credentialsOf(
  { config }: DrivingFlags,
  providers: ReadonlyMap<string, Provider>,
): Promise<ReadonlyMap<string, Credential>> {
  const settings = config === undefined ? {} : (readConfig(config, providers).providers ?? {})
  const core = await Sandbox.open(providers, { providers: settings })
  const found = [...providers.values()].flatMap((provider) => {
    const known = provider.credentials(core.world()!)
    // Whoever has accounts of their own means them.
    const own = known.find(({ key }) => !provider.demo.some((demo) => demo.key === key)) ?? known[0]
    return own ? [[provider.name, own] as const] : []
  })
  await core.close()
  return new Map(found)
}

/** What may not stand in what is written down: published keys, those of the config file, and those that the command has from elsewhere. */
function secretsIn(
  { config, controlToken }: DrivingFlags,
  providers: ReadonlyMap<string, Provider>,
): Map<string, string> {
  const settings = config === undefined ? {} : readConfig(config, providers)
  const found = knownSecrets({ ...settings, controlToken }, providers, undefined)
  for (const name of providers.keys())
    for (const what of ['KEY', 'SECRET']) {
      const own = process.env[`SANDGATE_${name.toUpperCase()}_${what}`]
      if (own && !found.has(own)) found.set(own, `{{${name} ${what.toLowerCase()}}}`)
    }
  return found
}

export function wallTime(text: string): number {
  const ms = durationMs(text)
  if (ms === undefined || ms === 0)
    throw new InvalidArgumentError(`expected a duration such as 30s, 10m or 2h, got "${text}"`)
  return ms
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError(`expected a whole number from 1 on, got "${text}"`)
  return Number(text)
}

/** A command line that can be pasted. */
export function commandLine(parts: readonly string[]): string {
  return parts.map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", `'\\''`)}'`)).join(' ')
}
