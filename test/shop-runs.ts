// Runs the driver of examples/shop in a world of its own, as `sandgate explore` does, and says what came of it: its exit status, what the traffic proves,
// and where its books and the world do not agree.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSandbox } from 'sandgate'
import { afterAll, beforeAll } from 'vitest'
import { buildShop } from '../examples/shop/build.mjs'

/** The demo account at each provider. */
const DEMO: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ZOPAY: { KEY: 'sk_test_sandgate_demo' },
  CPG: { KEY: 'cpg_demo_key', SECRET: 'cpg_demo_secret' },
  PAYWARD: {
    KEY: 'pws_demo_key',
    SECRET: 'c2FuZGdhdGUtcGF5d2FyZC1kZW1vLXNlY3JldC1mb3ItbG9jYWwtdGVzdGluZy1vbmx5LTAwMDAwMDAwMDE=',
    ACCOUNT: 'WDEMO5GATE2MAIN77',
  },
  ALPHAPO: { KEY: 'alphapo_demo_key', SECRET: 'alphapo_demo_secret' },
}

export interface Run {
  readonly status: number | null
  readonly output: string
  /** Their kinds. */
  readonly findings: readonly string[]
  /** The sums of the books, by provider, kind, address, tag and currency, that are not those of the world. */
  readonly differences: readonly string[]
  readonly books: readonly any[]
}

/** What a right shop comes to, whatever went wrong around it. */
export const RIGHT: Partial<Run> = { status: 0, output: '', findings: [], differences: [] }

/** The shop is built once for the file, into a folder that goes with it. Answers how to run it, or a mistake. */
export function shopRuns(): (scenario?: object, mistake?: string) => Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'sandgate-shop-'))
  let sandbox: Awaited<ReturnType<typeof createSandbox>>
  let worlds = 0
  beforeAll(async () => {
    await buildShop(join(folder, 'dist'))
    sandbox = await createSandbox({ port: 0 })
  })
  afterAll(async () => {
    await sandbox.close()
    rmSync(folder, { recursive: true })
  })
  return async (scenario, mistake) => {
    const id = `shop-${++worlds}`
    const control = async (method: string, path: string, body?: object): Promise<any> => {
      const answer = await fetch(sandbox.url + path, { method, ...(body && { body: JSON.stringify(body) }) })
      const text = await answer.text()
      if (!answer.ok) throw new Error(text)
      return text === '' ? undefined : JSON.parse(text)
    }
    const of = `/w/${id}/_sandgate`
    const clock = '2026-05-16T19:00:00Z'
    await control('POST', '/_sandgate/worlds', { id, seed: 'shop', clock, ...(scenario && { scenario }) })
    const books = join(folder, `${id}.jsonl`)
    const drive = join(folder, 'dist', ...(mistake === undefined ? [] : ['mistakes', mistake]), 'drive.js')
    const ended = await ends(drive, { ...environment(sandbox.url, id), SHOP_BOOKS: books })
    await control('POST', `${of}/clock/advance`, { until: 'quiet' })
    const rows = async (path: string): Promise<any[]> => (await control('GET', `${of}/${path}`)).data
    const run: Run = {
      ...ended,
      findings: (await rows('findings')).map(({ kind }) => kind),
      ...compared(linesOf(books), {
        deposits: await rows('deposits?limit=500'),
        withdrawals: await rows('withdrawals?limit=500'),
        movements: await rows('movements?limit=500'),
      }),
    }
    await control('DELETE', `/_sandgate/worlds/${id}`)
    return run
  }
}

function environment(url: string, world: string): NodeJS.ProcessEnv {
  const providers = Object.entries(DEMO).flatMap(([name, values]) => [
    [`SANDGATE_${name}_URL`, `${url}/w/${world}/${name.toLowerCase()}`],
    ...Object.entries(values).map(([what, value]) => [`SANDGATE_${name}_${what}`, value]),
  ])
  const known = { SANDGATE_URL: url, SANDGATE_WORLD: world, SANDGATE_SEED: 'shop' }
  return { ...process.env, ...known, ...Object.fromEntries(providers) }
}

function ends(file: string, env: NodeJS.ProcessEnv): Promise<Pick<Run, 'status' | 'output'>> {
  const child = spawn(process.execPath, [file], { env, cwd: fileURLToPath(new URL('..', import.meta.url)) })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output })))
}

function linesOf(file: string): any[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
}

/** Holds the books against what the providers have booked in the end. */
function compared(
  books: readonly any[],
  { deposits, withdrawals, movements }: Record<'deposits' | 'withdrawals' | 'movements', any[]>,
): Pick<Run, 'differences' | 'books'> {
  const booked = new Map<string, bigint>()
  for (const { cause, kind, amount } of movements) {
    const id = cause.deposit ?? (kind.includes('fee') ? undefined : cause.withdrawal)
    if (id !== undefined) booked.set(id, (booked.get(id) ?? 0n) + exact(amount))
  }
  const sums = new Map<string, bigint>()
  const count = (kind: string, row: any, sign: bigint) => {
    const name = [row.provider, kind, row.address, row.tag ?? '-', row.currency].join(' ')
    sums.set(name, (sums.get(name) ?? 0n) + sign * exact(row.amount))
  }
  for (const row of deposits) if ((booked.get(row.id) ?? 0n) > 0n) count('credit', row, 1n)
  for (const row of withdrawals) if ((booked.get(row.id) ?? 0n) < 0n) count('payout', row, 1n)
  for (const row of books) count(row.kind, row, -1n)
  return { books, differences: [...sums].filter(([, sum]) => sum !== 0n).map(([name]) => name) }
}

/** In parts of 10^18; what is no plain decimal is no amount, and differs from every one. */
function exact(amount: string): bigint {
  const [, minus, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,18}))?$/.exec(amount) ?? []
  return whole === undefined ? -1n : BigInt(minus + whole + fraction.padEnd(18, '0'))
}
