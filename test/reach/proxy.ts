// A stretch of network between one process and its database that can be broken in the ways networks break: gone, silent, gone after the request has
// left and before its answer is back, gone before the request has left; and it can lie about what passes.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Nothing comes back any more; what still goes there does. */
  muted: boolean
}

/** Bytes that the client sends and that are waited for, with what is done about them. */
interface Trap {
  readonly bytes: readonly Buffer[]
  readonly caught: (pair: Pair) => boolean
}

export class Proxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #traps = new Set<Trap>()
  readonly #lies: [Buffer, Buffer][] = []
  #target: { readonly host: string; readonly port: number }
  /** Hears that the next answer was lost. */
  #losing: (() => void) | undefined
  #silent = false
  #down = false

  private constructor(server: Server, target: { readonly host: string; readonly port: number }) {
    this.#server = server
    this.#target = target
    server.on('connection', (client) => this.#carry(client))
  }

  /** In front of the server that this URL names. */
  static async open(url: string): Promise<Proxy> {
    const { hostname, port } = new URL(url)
    const server = createServer()
    const proxy = new Proxy(server, { host: hostname, port: Number(port || 5432) })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  /** The same URL, by way of this proxy. */
  urlOf(url: string): string {
    const through = new URL(url)
    through.hostname = '127.0.0.1'
    through.port = String((this.#server.address() as AddressInfo).port)
    return through.href
  }

  /** Every connection breaks; new ones are taken. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy()
      server.destroy()
    }
  }

  /** Every connection breaks, and no new one comes about until `mend`. */
  goDown(): void {
    this.#down = true
    this.cut()
  }

  /** A black hole: nothing passes either way and nothing is said about it, new connections included, until `mend`. */
  goSilent(): void {
    this.#silent = true
    for (const { client, server } of this.#pairs) {
      client.pause()
      server.pause()
    }
  }

  /** As it was. What was held back is lost, as in a network that has given those connections up. */
  mend(): void {
    const wasSilent = this.#silent
    this.#silent = this.#down = false
    if (wasSilent) this.cut()
  }

  /** What the server says is told otherwise: both have the same length. */
  lie(was: string, told: string): void {
    if (was.length !== told.length) throw new Error('a lie has to be as long as the truth')
    this.#lies.push([Buffer.from(was), Buffer.from(told)])
  }

  /**
   * The next request with this text in it reaches the server, and its answer does not come back; the connection breaks when `done` says so.
   * Resolves when it has broken.
   */
  loseAnswerOf(text: string, done: () => Promise<boolean>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#trap(text, (pair) => {
        pair.muted = true
        const wait = async (): Promise<void> => {
          while (!(await done()));
          this.#break(pair)
        }
        wait().then(resolve, reject)
        return true
      })
    })
  }

  /** The connection breaks instead of carrying the next request with this text in it. Resolves when it has. */
  loseRequestOf(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#trap(text, (pair) => {
        this.#break(pair)
        resolve()
        return false
      })
    })
  }

  /** Whatever the server answers next does not come back: that connection breaks instead. Resolves when it has. */
  loseNextAnswer(): Promise<void> {
    return new Promise((resolve) => (this.#losing = resolve))
  }

  async close(): Promise<void> {
    this.#losing?.()
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #trap(text: string, caught: (pair: Pair) => boolean): void {
    const hex = Buffer.from(text).toString('hex')
    // Binary parameters are sent as they are, arrays of them as text in hexadecimal digits.
    const trap: Trap = {
      bytes: [Buffer.from(text), Buffer.from(hex)],
      caught: (pair) => {
        this.#traps.delete(trap)
        return caught(pair)
      },
    }
    this.#traps.add(trap)
  }

  #break({ client, server }: Pair): void {
    client.resetAndDestroy()
    server.destroy()
  }

  #carry(client: Socket): void {
    client.on('error', () => undefined)
    if (this.#down) {
      client.resetAndDestroy()
      return
    }
    const server = connect(this.#target)
    const pair: Pair = { client, server, muted: false }
    this.#pairs.add(pair)
    client.setNoDelay(true)
    server.setNoDelay(true)
    server.on('error', () => undefined)
    if (this.#silent) {
      client.pause()
      server.pause()
    }
    client.on('data', (chunk: Buffer) => {
      for (const trap of this.#traps)
        if (trap.bytes.some((bytes) => chunk.includes(bytes)) && !trap.caught(pair)) return
      server.write(chunk)
    })
    server.on('data', (chunk: Buffer) => {
      if (this.#losing) {
        this.#losing()
        this.#losing = undefined
        this.#break(pair)
      } else if (!pair.muted) client.write(this.#told(chunk))
    })
    const ended = () => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) socket.on('close', ended).on('end', ended)
  }

  #told(chunk: Buffer): Buffer {
    for (const [was, told] of this.#lies)
      for (let at = chunk.indexOf(was); at >= 0; at = chunk.indexOf(was, at + 1)) told.copy(chunk, at)
    return chunk
  }
}
