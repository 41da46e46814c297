// A key that nobody has: whose it may be, and what stands around it or in it that should not. Repeats no key and no secret.
import type { Call, Provider, Refusal } from '../provider.ts'
import type { World } from '../world/world.ts'

/** The provider that was called, and all that there are. */
export interface Company {
  readonly provider: Provider
  readonly providers: ReadonlyMap<string, Provider>
}

/** A key that is nobody's: what to say when it is somebody's once both are read like this. */
const KEY_MISTAKES: readonly (readonly [says: string, read: (text: string) => string])[] = [
  ['the key is after the word Bearer: send it bare', (text) => text],
  ['the key is in quotes or brackets: send it bare', (text) => text.replace(/^b?["'`<{[]+|["'`>}\],;]+$/g, '')],
  [
    'there are blanks or a newline around the key: send it bare',
    (text) => text.replace(/^(?:[^!-~]|%20|%0[ad]|\\[nr])+|(?:[^!-~]|%20|%0[ad]|\\[nr])+$/gi, ''),
  ],
  [
    'upper and lower case count in a key, and only in them this one differs from one that is known',
    (text) => text.toLowerCase(),
  ],
  [
    'the key ends in the name of a world, but the URL names one already: send the key without it',
    (text) => text.replace(/\.[a-z0-9-]+$/, ''),
  ],
  [
    'the header was sent twice, or holds the key twice: send it once',
    (text) => text.replace(/^(\S+?),? *(?:Bearer +)?\1$/i, '$1'),
  ],
  ['there is a colon or an equals sign before the key: send it bare', (text) => text.replace(/^(?:[\w-]+)?[:=] */, '')],
  [
    'the key and its secret, or something else, are joined by a colon: send the key alone',
    (text) => text.replace(/:.*$/, ''),
  ],
  [
    'the key was percent-encoded: send it bare',
    (text) => text.replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(parseInt(code, 16))),
  ],
  [
    'the key was base64-encoded: send it as it is',
    (text) =>
      /^[0-9A-Za-z+/_-]{8,}={0,2}$/.test(text)
        ? Buffer.from(text, 'base64').toString('latin1').replace(/:.*$/, '')
        : text,
  ],
]

/** Characters; longer than a key with all that may stand around it. */
const KEY_MAX = 600

/** What languages and templates write for a variable that is not there. */
const UNSET = /^(?:undefined|null|none|nil|\[object \w+\]|\$\{?\w+\}?|%\w+%|\{\{.*\}\}|<.*>|your[-_ ]?.*key.*)$/i

export function aboutKey(
  refusal: Refusal,
  call: Call,
  { provider, providers }: Company,
  world: World,
): string | undefined {
  const others = [...providers.values()].filter((other) => other !== provider)
  const header = call.headers[provider.keyHeader]
  if (typeof header !== 'string' || header === '') {
    const meant = others.find((other) => looksLike(call.headers[other.keyHeader], other, world))
    return (
      meant &&
      `the call carries a key of ${meant.title} in a header of ${meant.title}, but this is ${provider.title}: look at the base URL`
    )
  }
  // A provider may have more than one name for this answer.
  if (provider.refusals[refusal.name] !== provider.refusals.unauthorized) return undefined
  const sent = keyIn(header)
  const known = provider.credentials(world)
  const mistake =
    sent.length <= KEY_MAX &&
    KEY_MISTAKES.find(([, read]) => {
      const meant = read(sent)
      return known.some(({ key }) => key === meant || read(key) === meant)
    })
  if (mistake) return mistake[0]
  if (known.some(({ secret }) => secret === sent))
    return 'this is a secret, not a key: send the key, and never the secret'
  if (UNSET.test(sent))
    return 'no key was put in where it belongs: the variable or the template that should hold it is not filled in'
  const meant =
    shapeOf(sent) === shapeOf(provider.demo[0]?.key)
      ? undefined
      : others.find((other) => looksLike(header, other, world))
  return meant
    ? `the key looks like one of ${meant.title}, but this is ${provider.title}`
    : 'no account of this world has this key; the demo keys are printed when the sandbox starts'
}

function keyIn(header: string): string {
  return header.replace(/^bearer\s+/i, '')
}

/** Somebody's key there, or one that begins as the published ones do. */
function looksLike(header: unknown, { credentials, demo }: Provider, world: World): boolean {
  if (typeof header !== 'string') return false
  const sent = keyIn(header)
  const shape = shapeOf(sent)
  return (shape !== undefined && shape === shapeOf(demo[0]?.key)) || credentials(world).some(({ key }) => key === sent)
}

function shapeOf(key: string | undefined): string | undefined {
  return /^[a-z]+_/.exec(key ?? '')?.[0]
}
