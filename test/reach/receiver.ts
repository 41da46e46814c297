// Whoever gets the callbacks of all worlds and providers: it counts how often it heard each text, checks whose signature it bears, and refuses the first
// attempt of some, so that they are tried again.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RECEIVERS } from '../receivers.ts'

export class Receiver {
  /** How often each body was heard, by `world/provider`. */
  readonly heard = new Map<string, Map<string, number>>()
  /** What bore no right signature. */
  readonly wrong: string[] = []
  /** Whether the nth time that a body is heard it is refused. */
  refuses: (text: string, times: number) => boolean = (text, times) => times === 1 && chance(text) < 0.3
  readonly #secrets = new Map<string, string>()
  readonly #server: Server
  readonly #url: string

  private constructor(server: Server) {
    this.#server = server
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    server.on('request', (req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const who = req.url!.slice(1)
        const times = this.#count(who, text)
        const received = {
          path: req.url!,
          headers: req.headers,
          rawHeaders: req.rawHeaders,
          text,
          json: JSON.parse(text),
        }
        const secret = this.#secrets.get(who)
        if (secret !== undefined && !RECEIVERS[who.split('/')[1]!]!.signed(secret, received))
          this.wrong.push(`${who}: a callback with a wrong signature: ${text}`)
        res.writeHead(this.refuses(text, times) ? 500 : 200).end()
      })
    })
  }

  static async open(): Promise<Receiver> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Receiver(server)
  }

  urlFor(world: string, provider: string): string {
    return `${this.#url}${world}/${provider}`
  }

  /** What its callbacks are signed with. */
  knows(world: string, provider: string, secret: string): void {
    this.#secrets.set(`${world}/${provider}`, secret)
  }

  /** What this world has told, by provider and text. */
  heardOf(world: string): Map<string, number> {
    return new Map(
      [...this.heard].flatMap(([who, texts]) => {
        const [from, provider] = who.split('/')
        return from === world ? [...texts].map(([text, times]) => [`${provider} ${text}`, times] as const) : []
      }),
    )
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #count(who: string, text: string): number {
    const texts = this.heard.get(who) ?? new Map<string, number>()
    this.heard.set(who, texts)
    const times = (texts.get(text) ?? 0) + 1
    texts.set(text, times)
    return times
  }
}

/** From 0 to 1, always the same for a text. */
function chance(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32
}
