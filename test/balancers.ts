// nginx and HAProxy as the machine has them, with the files of deploy/ in front of servers of a test. Where one is missing its tests are left out, and the
// run says what to install; with SANDGATE_TEST_BALANCERS=required they fail instead.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { programOf } from './programs.ts'

/** Against hangs only. */
const HANG_MS = 60_000
const POLL_MS = 25
/** How often another port is tried when somebody took the one that was free. */
const ATTEMPTS = 5

/** Whether a run without a balancer has to fail. */
export const DEMANDED = process.env.SANDGATE_TEST_BALANCERS === 'required'

export interface Balancer {
  readonly name: string
  /** The program; undefined: there is none. */
  readonly program: string | undefined
  /** What to install. */
  readonly package: string
  readonly file: string
  /** Where it listens, and which servers it knows, as the file has them. */
  readonly listen: string
  readonly args: (file: string, folder: string) => string[]
  /** What else is another matter in a test: folders that are the test's own. */
  readonly changed: (text: string, folder: string) => string
}

/** Where servers are that people do not start by hand. */
const SYSTEM = ['/usr/sbin', '/usr/local/sbin']
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

export const NGINX: Balancer = {
  name: 'nginx',
  program: programOf(['nginx'], SYSTEM),
  package: 'nginx-light',
  file: 'deploy/nginx.conf',
  listen: 'listen 4010;',
  args: (file, folder) => [
    '-p',
    folder,
    '-c',
    file,
    '-g',
    `daemon off;${process.getuid?.() === 0 ? ' user root;' : ''}`,
  ],
  changed: (text, folder) =>
    replaced(text, [
      ['pid /run/nginx.pid;', `pid ${folder}/pid;`],
      ['http {', `http {\n${TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}`],
    ]),
}

export const HAPROXY: Balancer = {
  name: 'HAProxy',
  program: programOf(['haproxy'], SYSTEM),
  package: 'haproxy',
  file: 'deploy/haproxy.cfg',
  listen: 'bind :4010',
  args: (file) => ['-db', '-f', file],
  changed: (text) => text,
}

/** What to do where there is none. */
export function missing({ name, package: wanted }: Balancer): string {
  return `The tests of ${name} ${DEMANDED ? 'cannot run' : 'are left out'}: there is no ${name}; apt-get install ${wanted}.`
}

/** Starts a balancer in front of three servers; resolves with its URL once it answers. It ends with the test. */
export async function startBalancer(balancer: Balancer, servers: readonly number[]): Promise<string> {
  if (balancer.program === undefined) throw new Error(missing(balancer))
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'sandgate-balancer-'))
    const file = join(folder, 'balancer.conf')
    writeFileSync(file, configured(balancer, port, servers, folder))
    const child = spawn(balancer.program, balancer.args(file, folder), { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    onTestFinished(async () => {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    })
    const url = `http://127.0.0.1:${port}`
    await until(async () => hasEnded(child) || (await answers(url)), `${balancer.name} listens`)
    if (!hasEnded(child)) return url
    if (attempt === ATTEMPTS) throw new Error(`${balancer.name} does not start: ${said}`)
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

/** The shipped file with other ports and servers. */
function configured(balancer: Balancer, port: number, servers: readonly number[], folder: string): string {
  const text = readFileSync(new URL(`../${balancer.file}`, import.meta.url), 'utf8')
  return balancer.changed(
    replaced(text, [
      [
        balancer.listen,
        balancer.listen.replace(':4010', '127.0.0.1:4010').replace(/(127\.0\.0\.1:)?4010/, `127.0.0.1:${port}`),
      ],
      ...servers.map((server, index): [string, string] => [` node-${index + 1}:4010`, ` 127.0.0.1:${server}`]),
    ]),
    folder,
  )
}

/** Each text stands there once: else the file is not what the test thinks. */
function replaced(text: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((changed, [from, to]) => {
    const parts = changed.split(from)
    if (parts.length !== 2) throw new Error(`"${from}" stands there ${parts.length - 1} times, and not once`)
    return parts.join(to)
  }, text)
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Waits for a condition; the deadline is against hangs only. */
export async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  await vi.waitUntil(condition, { timeout: HANG_MS, interval: POLL_MS }).catch((error: unknown) => {
    throw new Error(`it did not come to this: ${what}`, { cause: error })
  })
}

async function answers(url: string): Promise<boolean> {
  return ask(url, 'GET', '/_sandgate/health').then(
    () => true,
    () => false,
  )
}

export interface Answer {
  readonly status: number
  readonly text: string
  /** The body as JSON; undefined when it is none. */
  readonly json: any
}

/** One call on a connection of its own, with any Host. Rejects when the connection ends without an answer. */
export async function ask(
  url: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Answer> {
  const answer = await open(url, method, path, headers, body)
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += chunk
  return { status: answer.statusCode!, text, json: jsonOf(text) }
}

/** The same, as soon as the head of the answer is there. */
export function open(
  url: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const length: Record<string, string> = body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` }
    const { hostname, port } = new URL(url)
    request({ hostname, port, method, path, headers: { ...headers, ...length }, agent: false }, resolve)
      .on('error', reject)
      .end(body)
  })
}

function jsonOf(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
