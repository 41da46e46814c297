// What lets somebody into this sandbox: the keys and secrets of its settings, the published ones, those of receivers. How they are found in a text is left
// to redact.ts.
import { passwordsIn } from '../text/databases.ts'
import { hiding, keysIn, secretsOfHeaders, UNSEEN, withoutLogins } from '../text/redact.ts'
import type { Provider } from '../provider.ts'
import { Endpoints } from '../world/outbox.ts'
import type { World } from '../world/world.ts'

/** The options of a sandbox that hold secrets. */
export interface Settings {
  readonly providers?: Readonly<Record<string, unknown>> | undefined
  readonly callbacks?: Readonly<Record<string, { readonly secret?: string | undefined }>> | undefined
  readonly controlToken?: string | undefined
  /** Where worlds are kept: the URL of a database may hold a password. */
  readonly data?: string | undefined
}

/** Every text that lets somebody in, and what it is called in a case file. */
export function knownSecrets(
  settings: Settings,
  providers: ReadonlyMap<string, Provider>,
  world: World | undefined,
): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, part] of Object.entries(settings.providers ?? {}))
    keysIn(part).forEach((text, index) => found.set(text, `{{${name} key ${index + 1}}}`))
  for (const { name, demo } of providers.values()) {
    demo.forEach(({ key, secret }, index) => {
      found.set(key, `{{${name} demo key ${index + 1}}}`)
      if (secret !== undefined) found.set(secret, `{{${name} demo secret ${index + 1}}}`)
    })
  }
  for (const { secret } of Object.values(settings.callbacks ?? {}))
    if (secret !== undefined) found.set(secret, '{{callback secret}}')
  for (const { secret } of world?.rows(Endpoints) ?? []) found.set(secret, '{{callback secret}}')
  if (settings.controlToken) found.set(settings.controlToken, '{{control token}}')
  for (const password of passwordsIn(settings.data ?? '')) found.set(password, '{{database password}}')
  return found
}

/** What else may let somebody in: what a call brought in its headers, and the secrets of the receivers of a world, the default one unless given. */
interface About {
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  readonly world?: World | undefined
}

/** Keeps the secrets of a sandbox out of what people read: journal, log lines, errors. */
export class Secrets {
  readonly #settings: Settings
  readonly #providers: ReadonlyMap<string, Provider>
  /** The world whose receivers' secrets are meant where none is named. */
  world: () => World | undefined = () => undefined
  #hide: ((text: string) => string) | undefined
  /** What hides the secrets of a world, until there are others. */
  readonly #hiding = new WeakMap<World, { readonly known: string; readonly hide: (text: string) => string }>()

  constructor(settings: Settings, providers: ReadonlyMap<string, Provider>) {
    this.#settings = settings
    this.#providers = providers
  }

  /** For many texts of one world. */
  of(world: World): (text: string) => string {
    const secrets = knownSecrets(this.#settings, this.#providers, world)
    const known = JSON.stringify([...secrets.keys()])
    const before = this.#hiding.get(world)
    if (before?.known === known) return before.hide
    const find = hiding(unseen(secrets), undefined, UNSEEN)
    const hide = (text: string) => withoutLogins(find(text))
    this.#hiding.set(world, { known, hide })
    return hide
  }

  /** For one text. */
  hide(text: string, { headers = {}, world = this.world() }: About = {}): string {
    this.#hide ??= hiding(unseen(knownSecrets(this.#settings, this.#providers, undefined)), undefined, UNSEEN)
    const receivers = world ? [...world.rows(Endpoints)].map(({ secret }) => [secret, UNSEEN] as const) : []
    const sent = new Set(secretsOfHeaders(headers))
    const rest = receivers.length + sent.size === 0 ? text : hiding(new Map(receivers), sent, UNSEEN)(text)
    return withoutLogins(this.#hide(rest))
  }
}

function unseen(known: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...known.keys()].map((text) => [text, UNSEEN]))
}
