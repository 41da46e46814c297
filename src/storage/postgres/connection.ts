// One connection to PostgreSQL that is made when it is needed, and again after it broke. Statements are sent one behind the other without waiting. A
// statement that fails says whether the server refused it, so that it did nothing, or whether nobody knows.
import { Client, type ClientConfig, types } from 'pg'
import { StorageRefused } from '../port.ts'
import type { Address } from './address.ts'

/** How long a connection may take to come about, ms. */
const CONNECT_MS = 5_000
/** How long the server may work on a statement, or wait for a lock, ms. */
const STATEMENT_MS = 5_000
/** How long an answer is waited for, ms: longer than the server may work on it, so that silence means that the network or the server is gone. */
const ANSWER_MS = 6_000

/** A statement: its text, and a name under which the server keeps its plan. */
export interface Statement {
  readonly name: string
  readonly text: string
}

export type Row = Readonly<Record<string, any>>

/** The server refused a statement, which did nothing. */
export class StatementRefused extends Error {
  readonly code: string | undefined

  constructor(message: string, code: string | undefined) {
    super(message)
    this.code = code
  }
}

/** The connection could not be made: no statement was sent. */
export class NotConnected extends Error {
  readonly code: string | undefined

  constructor(message: string, code: string | undefined) {
    super(message)
    this.code = code
  }
}

/** The connection broke before a statement was answered: nobody knows what it did. */
export class AnswerLost extends Error {}

export class Connection {
  readonly #address: Address
  readonly #name: string
  #client: Client | undefined
  #connecting: Promise<Client> | undefined
  #closed = false

  /** `name` is what the server's list of connections calls it. */
  constructor(address: Address, name: string) {
    this.#address = address
    this.#name = name
  }

  /**
   * Runs a statement. Whole numbers come back as numbers. Rejects with `StatementRefused`, `NotConnected` or `AnswerLost`.
   *
   * @example await connection.query({ name: 'epoch', text: 'select epoch from sandgate.worlds where id = $1' }, ['default'])
   */
  async query(statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    const client = await this.#connected()
    try {
      const { rows } = await client.query({ ...statement, values: [...values], types: TYPES })
      return rows
    } catch (error) {
      throw this.#failed(error as Error, client)
    }
  }

  /** Several statements as one, or none of them: for what happens seldom. Rejects as `query` does. */
  async transaction<T>(
    work: (query: (text: string, values?: readonly unknown[]) => Promise<Row[]>) => Promise<T>,
  ): Promise<T> {
    const client = await this.#connected()
    const query = async (text: string, values: readonly unknown[] = []) =>
      (await client.query({ text, values: [...values], types: TYPES })).rows as Row[]
    try {
      await query('begin')
      const result = await work(query)
      await query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch(() => undefined)
      throw error instanceof StorageRefused ? error : this.#failed(error as Error, client)
    }
  }

  /** Ends the connection, behind what is under way. */
  async close(): Promise<void> {
    this.#closed = true
    const client = await this.#connecting?.catch(() => undefined)
    await client?.end().catch(() => undefined)
  }

  #connected(): Promise<Client> {
    if (this.#closed) return Promise.reject(new NotConnected('the connection is closed', undefined))
    return (this.#connecting ??= this.#connect())
  }

  async #connect(): Promise<Client> {
    const client = new Client(configOf(this.#address, this.#name))
    this.#client = client
    // Without a listener a connection that breaks while nobody waits would end the process.
    client.on('error', () => this.#forget(client))
    client.on('end', () => this.#forget(client))
    try {
      await client.connect()
      return client
    } catch (error) {
      this.#forget(client)
      client.end().catch(() => undefined)
      const { message, code } = error as Error & { code?: string }
      throw new NotConnected(message || String(code), code)
    }
  }

  /** The next statement connects again. */
  #forget(client: Client): void {
    if (this.#client === client) this.#client = this.#connecting = undefined
  }

  #failed(error: Error & { severity?: string; code?: string }, client: Client): Error {
    const isRefused = error.severity === 'ERROR'
    // A server that became a standby stays one, and its name may lead to another one by now.
    if (!isRefused || error.code === READ_ONLY) {
      this.#forget(client)
      client.end().catch(() => undefined)
    }
    return isRefused ? new StatementRefused(error.message, error.code) : new AnswerLost(error.message)
  }
}

const READ_ONLY = '25006'
const INT8 = 20

/** Whole numbers of 64 bits are counters here, far below 2^53. */
const TYPES = {
  getTypeParser: (oid: any, format?: any): any => (oid === INT8 ? Number : types.getTypeParser(oid, format)),
}

function configOf({ url }: Address, name: string): ClientConfig {
  return {
    connectionString: url,
    application_name: name,
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    lock_timeout: STATEMENT_MS,
    query_timeout: ANSWER_MS,
  }
}
