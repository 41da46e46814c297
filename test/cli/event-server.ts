// A small server that speaks the stream of events as the control API does, in the order that a test wants: it tells nothing of itself.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** One connection of a follower. */
export interface Connection {
  /** Path and query. */
  readonly target: string
  readonly authorization: string | undefined
  readonly answer: ServerResponse
  /** Tells an event, as the control API writes it. */
  tell(event: string, data: object, id?: number): void
}

export class EventServer {
  readonly url: string
  readonly #waiting: ((connection: Connection) => void)[] = []
  readonly #arrived: Connection[] = []

  private constructor(url: string) {
    this.url = url
  }

  static async open(): Promise<EventServer> {
    const server = createServer((request, answer) => {
      const connection: Connection = {
        target: request.url!,
        authorization: request.headers.authorization,
        answer,
        tell: (event, data, id) => {
          if (!answer.headersSent) answer.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
          const lines = [`event: ${event}`, ...(id === undefined ? [] : [`id: ${id}`]), `data: ${JSON.stringify(data)}`]
          answer.write(`: a comment\n\n${lines.join('\n')}\n\n`)
        },
      }
      const next = opened.#waiting.shift()
      if (next) next(connection)
      else opened.#arrived.push(connection)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const opened = new EventServer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    return opened
  }

  /** The next connection that nobody has taken yet. */
  connection(): Promise<Connection> {
    const arrived = this.#arrived.shift()
    return arrived ? Promise.resolve(arrived) : new Promise((resolve) => this.#waiting.push(resolve))
  }
}
