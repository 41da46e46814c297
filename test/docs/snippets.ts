// Runs the code of the provider pages: shell blocks against a served sandbox, and the functions that verify callbacks against callbacks it sent.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import type { Provider } from '../../src/provider.ts'
import { Inbox, type Received, start } from '../kit.ts'
import { newAddress } from './samples.ts'

const ROOT = new URL('../..', import.meta.url).pathname

/** A request that a receiver may get, and what a snippet has to say of it. */
export interface Case {
  readonly what: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly secret: string
  readonly right: boolean
}

/** Callbacks as the sandbox sends them at this moment, good and bad ones, and good ones that were changed on the way. */
export async function casesOf({ name, callbacks }: Provider): Promise<readonly Case[]> {
  const box = await start({ wall: () => Date.now() })
  const inbox = await Inbox.open()
  const secret = await box.subscribe(name, inbox)
  // No two calls of one second: to some providers they are the same call.
  let calls = 0
  const send = async (): Promise<Received> => {
    await box.deposit(await newAddress(box, name, Date.now() + 1000 * calls++), '1', { confirmations: 'instant' })
    return inbox.received.at(-1)!
  }
  const disturbed = async (how: string) => {
    await box.control('PUT', '/scenario', {
      timeline: [{ at: '0s', do: { callbacks: { provider: name, how, times: 9 } } }],
    })
    const received = await send()
    await box.control('DELETE', '/scenario')
    return received
  }
  const good = await send()
  const asSent = asObject(good.rawHeaders)
  const signature = Object.keys(asSent).find((header) => header.toLowerCase().endsWith('signature'))!
  const without = Object.fromEntries(Object.entries(asSent).filter(([header]) => header !== signature))
  const cases: Case[] = [
    { what: 'as sent', body: good.text, headers: asSent, secret, right: true },
    { what: 'names of headers in lower case', body: good.text, headers: lowerCase(asSent), secret, right: true },
    {
      what: 'body changed',
      body: good.text.replace(/\d/, (digit) => `${9 - Number(digit)}`),
      headers: asSent,
      secret,
      right: false,
    },
    { what: 'body written again', body: JSON.stringify(good.json, null, 1), headers: asSent, secret, right: false },
    {
      what: 'another secret',
      body: good.text,
      headers: asSent,
      secret: Buffer.from('another').toString('base64'),
      right: false,
    },
    { what: 'no signature', body: good.text, headers: without, secret, right: false },
    { what: 'no headers', body: good.text, headers: {}, secret, right: false },
    ...[
      '',
      'abc',
      'g'.repeat(64),
      'é'.repeat(64),
      't=,v1=',
      `t=${Math.floor(Date.now() / 1000)},v1=abc`,
      `t=${'9'.repeat(5000)},v1=abc`,
    ].map((text) => ({
      what: `signature "${text.slice(0, 40)}"`,
      body: good.text,
      headers: { ...asSent, [signature]: text },
      secret,
      right: false,
    })),
  ]
  const timestamp = Object.keys(asSent).find((header) => header.toLowerCase().endsWith('timestamp'))
  for (const text of timestamp === undefined ? [] : ['', 'now', '1e3', '-1', '9'.repeat(5000)])
    cases.push({
      what: `timestamp "${text.slice(0, 9)}"`,
      body: good.text,
      headers: { ...asSent, [timestamp!]: text },
      secret,
      right: false,
    })
  for (const how of ['bad-signature', ...(callbacks!.dated ? ['stale-timestamp'] : [])]) {
    const { text, rawHeaders } = await disturbed(how)
    cases.push({ what: how, body: text, headers: asObject(rawHeaders), secret, right: false })
  }
  return cases
}

function asObject(raw: readonly string[]): Record<string, string> {
  return Object.fromEntries(raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1]!]] : [])))
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

export interface Language {
  readonly title: string
  /** Of the code block in Markdown. */
  readonly fence: string
  readonly compares: RegExp
  /** The program that runs it; undefined: this process. */
  readonly program?: string
  /** The file beside the snippet that feeds it with cases.json and prints its verdicts. */
  readonly driver?: readonly [file: string, text: string]
  readonly file: string
}

export const LANGUAGES: readonly Language[] = [
  { title: 'Node', fence: 'js', file: 'snippet.mjs', compares: /timingSafeEqual\(/ },
  {
    title: 'Python',
    fence: 'python',
    file: 'snippet.py',
    compares: /hmac\.compare_digest\(/,
    program: 'python3',
    driver: [
      'driver.py',
      `import json
from snippet import verify_callback
cases = json.load(open("cases.json", encoding="utf-8"))
print(json.dumps([verify_callback(c["body"].encode(), c["headers"], c["secret"]) for c in cases]))
`,
    ],
  },
  {
    title: 'PHP',
    fence: 'php',
    file: 'snippet.php',
    compares: /hash_equals\(/,
    program: 'php',
    driver: [
      'driver.php',
      `<?php
require 'snippet.php';
$cases = json_decode(file_get_contents('cases.json'), true);
echo json_encode(array_map(fn ($c) => verifyCallback($c['body'], $c['headers'], $c['secret']), $cases));
`,
    ],
  },
]

export function isInstalled({ program }: Language): boolean {
  return program === undefined || spawnSync(program, ['--version']).status === 0
}

/** What the snippet says of each case. */
export async function verdicts(language: Language, code: string, cases: readonly Case[]): Promise<unknown[]> {
  const folder = temporary()
  writeFileSync(join(folder, language.file), code)
  if (!language.driver) {
    const { verifyCallback } = await import(/* @vite-ignore */ pathToFileURL(join(folder, language.file)).href)
    return cases.map(({ body, headers, secret }) => verifyCallback(Buffer.from(body), headers, secret))
  }
  const [file, text] = language.driver
  writeFileSync(join(folder, file), text)
  writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases))
  const { stdout, stderr } = await promisify(execFile)(language.program!, [file], { cwd: folder })
  if (stderr !== '') throw new Error(stderr)
  return JSON.parse(stdout)
}

/** What a snippet does, so far as it can be read in the text: hash, headers, tolerance. */
export function stepsOf(code: string): object {
  return {
    hash: [...new Set(code.match(/\bsha\d+\b/g))],
    headers: [...new Set(code.match(/\bx-[a-z-]+\b/g))].sort(),
    tolerance: [...new Set(code.match(/\b\d{3,}\b/g))].filter((number) => !/^(1000|200|401|256|512)$/.test(number)),
  }
}

/** Runs shell blocks one after the other, as somebody pastes them into a terminal beside a sandbox. Fails when one ends badly or is refused. */
export async function paste(blocks: readonly string[], url: string, receiver: string): Promise<readonly string[]> {
  const home = temporary()
  // What is printed says nothing of statuses, and curl takes a refusal for a success.
  writeFileSync(join(home, '.curlrc'), 'fail-with-body\n')
  // npx looks for the package anew each time; test/pack.test.ts tries that it finds it.
  writeFileSync(join(home, 'npx'), `#!/bin/sh\nshift\nexec node ${ROOT}dist/main.js "$@"\n`, { mode: 0o755 })
  const outputs = []
  for (const text of blocks) {
    const script = text.replaceAll('http://127.0.0.1:4010', url).replaceAll('http://127.0.0.1:3000', receiver)
    const env = { ...process.env, PATH: `${home}:${process.env.PATH}`, CURL_HOME: home, SANDGATE_URL: url }
    const { stdout } = await promisify(execFile)('bash', ['-eo', 'pipefail', '-c', script], { cwd: ROOT, env }).catch(
      (error) => {
        throw new Error(`${text}\n${error.stdout}\n${error.stderr}`)
      },
    )
    outputs.push(stdout)
  }
  return outputs
}

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandgate-docs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
