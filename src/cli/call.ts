// `sandgate call`: one call of a provider, signed with a demo key (or one of a config file) as the provider's own clients sign, then the answer, and what
// the journal says of it. What is answered, and why, is left to the sandbox.
import { type Command, InvalidArgumentError } from 'commander'
import { readConfig } from './config.ts'
import type { Credential, Provider } from '../provider.ts'
import { findProviders, Sandbox } from '../app.ts'
import { UsageError } from '../engine/errors.ts'
import { didYouMean } from '../text/suggest.ts'
import { WORLD_ID } from '../engine/world-ids.ts'
import { explanationOf } from './explanation.ts'
import { flag, notEmpty } from './flags.ts'
import { givenBytes } from './given.ts'
import { ask, type Asked, baseUrl, bearer, jsonOf, unanswered, type Where, whereFlags } from './where.ts'

interface Flags extends Where {
  readonly data?: string
  readonly header: readonly (readonly [string, string])[]
  readonly key?: string
  readonly config?: string
  readonly world?: string
}

/** Headers of an answer that say nothing about it. */
const DULL: readonly string[] = ['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']

export function define(command: Command): void {
  whereFlags(command)
    .argument('<provider>', 'whose call it is')
    .argument('<method>', 'GET, POST, …')
    .argument('<path>', "the provider's own path, with its query: /v1/currencies")
    .option('-d, --data <body>', 'request body; @FILE reads a file, @- stdin')
    .option('-H, --header <header>', "one more header, as 'Name: value'; may be repeated", header, [])
    .option('--key <id>', 'demo key that signs (default: the first one)', notEmpty)
    .addOption(flag('--config <file>', 'config file with more keys').argParser(notEmpty))
    .addOption(flag('--world <world>', 'world to call (default: the default world)').argParser(notEmpty))
    .action(call)
}

// rule: sandgate.call
async function call(name: string, method: string, path: string, flags: Flags): Promise<void> {
  const providers = await findProviders()
  const provider = providers.get(name)
  if (!provider) throw new UsageError(`there is no provider "${name}"${didYouMean(name, [...providers.keys()])}`)
  if (!path.startsWith('/') || /[^!-~]|#/.test(path))
    throw new UsageError(`"${path}" is not a request path: it must begin with / and contain no spaces and no #`)
  if (!/^[A-Za-z]+$/.test(method))
    throw new UsageError(`"${method}" is not a method; expected GET, POST, PUT, PATCH or DELETE`)
  if (flags.world !== undefined && !WORLD_ID.test(flags.world))
    throw new UsageError(`--world ${flags.world}: not a world id`)
  const credential = keyNamed(flags.key, provider, await credentialsOf(provider, flags, providers))
  const body = flags.data === undefined ? undefined : await givenBytes(flags.data, '-d')
  const base = `${baseUrl(flags)}${flags.world === undefined ? '' : `/w/${flags.world}`}`

  const answer = await answerOf(method.toUpperCase(), path, body, provider, credential, base, flags)
  const entry = answer.headers['x-sandgate-entry']
  if (entry === undefined)
    throw new UsageError(`${base} did not answer as ${provider.title}: ${answer.status} ${detailOf(answer.text)}`)
  console.log(
    [
      `${answer.status} ${answer.statusText}`,
      ...headersOf(answer),
      '',
      ...(answer.text === '' ? [] : [answer.text, '']),
      await explanation(`${base}/_sandgate`, String(entry), flags),
    ].join('\n'),
  )
  process.exitCode = answer.status >= 200 && answer.status < 300 ? 0 : 1
}

/** Everybody who may sign: the demo keys, and those of a config file. */
async function credentialsOf(
  provider: Provider,
  { config: file }: Flags,
  providers: ReadonlyMap<string, Provider>,
): Promise<readonly Credential[]> {
  if (file === undefined) return provider.demo
  const { providers: settings } = readConfig(file, providers)
  const sandbox = await Sandbox.open(providers, { providers: settings })
  const known = provider.credentials(sandbox.world()!)
  await sandbox.close()
  return known
}

function keyNamed(id: string | undefined, { title, demo }: Provider, known: readonly Credential[]): Credential {
  const named = id === undefined ? known[0] : known.find(({ key }) => key === id)
  if (named) return named
  // Keys of a config file are nobody's to read on a screen.
  const published = known.filter(({ key }) => demo.some((one) => one.key === key)).map(({ key }) => key)
  throw new UsageError(
    id === undefined
      ? `${title} has no key to sign with`
      : `--key ${id}: ${title} has no such key; there are ${published.join(', ')}${didYouMean(id, published)}`,
  )
}

async function answerOf(
  method: string,
  target: string,
  body: Buffer | undefined,
  provider: Provider,
  credential: Credential,
  base: string,
  { header: given }: Flags,
): Promise<Asked> {
  const [path, query] = target.includes('?')
    ? [target.slice(0, target.indexOf('?')), target.slice(target.indexOf('?') + 1)]
    : [target, undefined]
  const signed = provider.sign(
    { method, path: path, query, body: body ?? Buffer.alloc(0), wallMs: performance.timeOrigin + performance.now() },
    credential,
  )
  const own = given.map(([name]) => name.toLowerCase())
  const headers = {
    ...(body !== undefined && { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }),
    ...signed,
  }
  const kept = Object.entries(headers).filter(([name]) => !own.includes(name.toLowerCase()))
  try {
    return await ask(method, `${base}/${provider.name}${target}`, Object.fromEntries([...kept, ...given]), body)
  } catch (error) {
    throw new UsageError(`${base} did not answer: ${unanswered(error as Error)}`)
  }
}

function headersOf({ headers }: Asked): string[] {
  return Object.entries(headers)
    .filter(([name]) => !DULL.includes(name))
    .map(([name, value]) => `${name}: ${String(value)}`)
}

/** What the journal says of the call. */
async function explanation(control: string, id: string, flags: Flags): Promise<string> {
  const told = await ask('GET', `${control}/journal/${id}`, bearer(flags), undefined).catch((error: Error) => error)
  if (told instanceof Error || told.status !== 200)
    return `entry ${id} cannot be read: ${told instanceof Error ? told.message : `${told.status} ${detailOf(told.text)}`}`
  const read = async (path: string) => {
    const more = await ask('GET', `${control}${path}`, bearer(flags), undefined).catch(() => undefined)
    return more?.status === 200 ? jsonOf(more.text) : undefined
  }
  return explanationOf(jsonOf(told.text), `${control}/journal/${id}`, read)
}

function detailOf(text: string): string {
  return jsonOf(text)?.detail ?? text.slice(0, 200)
}

function header(text: string, before: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  const found = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\u0080-\u00ff]*?)[ \t]*$/.exec(text)
  if (!found) throw new InvalidArgumentError(`expected a header as 'Name: value', got "${text}"`)
  return [...before, [found[1]!, found[2]!]]
}
