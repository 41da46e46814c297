// `sandgate do`: flags made from the document of the control API, values on their way into path, query and body, and answers as a person reads them.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { define } from '../../src/cli/do.ts'
import { readControlOperations } from '../../src/cli/operations.ts'
import { allocation, client } from '../clients/cpg.ts'
import { commandLine, Running } from '../command-line.ts'
import { type Kit, start } from '../kit.ts'

const { folder } = commandLine()

afterEach(() => vi.restoreAllMocks())

/** The command to its end, against this sandbox. */
function doing(box: Pick<Kit, 'url'>, ...args: string[]) {
  return new Running(['do', ...args], { SANDGATE_URL: box.url }).ended
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return `@${join(folder, name)}`
}

/** What the command prints when it runs in this process. */
async function printed(...args: string[]): Promise<string> {
  const texts: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => texts.push(String(text)) > 0)
  vi.spyOn(console, 'log').mockImplementation((text) => void texts.push(`${text}\n`))
  const program = new Command().exitOverride()
  define(program.command('do').exitOverride())
  await program.parseAsync(['do', ...args], { from: 'user' }).catch((error: unknown) => {
    if ((error as { exitCode?: number }).exitCode !== 0) throw error
  })
  vi.restoreAllMocks()
  return texts.join('')
}

test('sandgate.do: every operation of the document is listed, and every parameter and field of its body is a flag with its description', async () => {
  const document = parse(readFileSync(new URL('../../specs/sandgate.yaml', import.meta.url), 'utf8'))
  const written = Object.values<any>(document.paths).flatMap((item) =>
    Object.values<any>(item).filter(({ operationId }) => operationId),
  )
  const operations = readControlOperations()
  expect(operations.map(({ id }) => id)).toEqual(written.map(({ operationId }) => operationId))
  const list = await printed()
  for (const { operationId, summary } of written)
    expect(list).toMatch(new RegExp(`^${operationId} +${escaped(summary)}$`, 'm'))
  expect(await printed('--help')).toContain(list.trim())
  for (const { operationId, parameters = [], requestBody } of written) {
    const help = await printed(operationId, '--help')
    expect(help).toMatch(/^Usage: sandgate do /)
    const ref = Object.values<any>(requestBody?.content ?? {})[0]?.schema
    const schema = ref?.$ref ? document.components.schemas[ref.$ref.split('/').at(-1)] : ref
    for (const name of [...parameters.map((one: any) => one.name), ...Object.keys(schema?.properties ?? {})])
      expect(help, operationId).toMatch(new RegExp(`^  --${name} [<[]`, 'm'))
  }
  expect((await printed('advanceClock', '--help')).replaceAll(/\s+/g, ' ')).toContain(
    '--by <text> A duration: 90s, 15m, 4h, 7d or PT4H',
  )
})

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

test('sandgate.do: path, query and body are what the flags say, and the answer is lines and tables, or the body as it was answered', async () => {
  const box = await start()
  await box.call(client, allocation({ user_identifier: 'u' }))
  const moved = await doing(box, 'advanceClock', '--by', '4h')
  expect(moved).toMatchObject({ status: 0, stderr: '' })
  expect(moved.stdout).toMatch(
    /^now: 2026-05-16T23:00:00\.000Z\n\nhappened:\nat +provider +kind +summary\n2026-\S+ +cpg +window +the display window /,
  )
  const rows = await doing(box, 'listAddresses', '--provider', 'cpg', '--limit', '1')
  expect(rows.stdout).toMatch(/^id +at +provider .*\naddr-1 .* demo +u +ETH +USDT +0x\S+ +1\b/)
  expect((await doing(box, 'listAddresses', '--provider', 'zopay')).stdout).toBe('none\n')
  const entry = await doing(box, 'getJournalEntry', '--json', '--id', '1')
  expect(entry.stdout).toBe(`${await (await fetch(`${box.url}/_sandgate/journal/1`)).text()}\n`)
  expect(await doing(box, 'clearJournal')).toEqual({ status: 0, stdout: 'The journal is empty.\n', stderr: '' })
  expect(await doing(box, 'clearJournal', '--json')).toEqual({ status: 0, stdout: '', stderr: '' })
  expect((await doing(box, 'getSpec', '--provider', 'sandgate')).stdout).toContain('\nopenapi: 3.1.0\n')
})

test('sandgate.do: nested values are JSON, lists of texts are repeated, a list without a value says yes, numbers keep their digits, bodies may be YAML', async () => {
  const box = await start()
  const armed = await doing(
    box,
    'armFault',
    '--when',
    '{"provider":"cpg"}',
    '--then',
    '[{"respond":{"error":"rate_limited"}}]',
  )
  expect([armed.status, armed.stderr]).toEqual([0, ''])
  expect((await box.control('GET', '/faults')).json.data).toHaveLength(1)
  const story = file('story.yaml', 'name: from-yaml\nrules: []\n')
  expect((await doing(box, 'putScenario', '-d', story)).stdout).toMatch(/^name: +from-yaml$/m)
  expect((await doing(box, 'putScenario', '--name', 'from-flags', '--reset')).stdout).toMatch(/^name: +from-flags$/m)
  const made = await doing(box, 'createWorld', '--id', 'ci', '--scenario', story)
  expect(made.stderr).toBe('')
  expect((await doing(box, '--world', 'ci', 'getScenario', '--json')).stdout).toContain('"name":"from-yaml"')
  expect((await doing(box, 'getScenario', '--json', '--world', 'ci')).stdout).toContain('"name":"from-yaml"')
  for (const _ of ['made', 'found'])
    expect((await doing(box, 'ensureWorld', '--world', 'ci-42', '--scenario', story)).stdout).toMatch(/^id: +ci-42$/m)
  expect((await doing(box, 'ensureWorld', '--world', 'ci-42')).stderr).toMatch(/with a scenario.*\(world_exists\)/)
  const { address } = (await box.call(client, allocation({}))).json.data
  const sent = await doing(
    box,
    'sendDeposit',
    '--address',
    address,
    '--amount',
    '5.000000000000000001',
    '--confirmations',
    '3',
    '--json',
  )
  expect(sent.stderr).toMatch(/5\.000000000000000001.*\(deposit_impossible\)/)
  const good = await doing(box, 'sendDeposit', '--address', address, '--amount', '5', '--confirmations', '3', '--json')
  expect(JSON.parse(good.stdout)).toMatchObject({ status: 'seen', confirmations: 3 })
  const matched = await doing(
    box,
    'verify',
    '--provider',
    'cpg',
    '--operation',
    'createDepositAddress',
    '--times',
    '{"exactly":1}',
  )
  expect(matched.stdout).toMatch(/^ok: +true\ncount: +1$/m)
})

test('sandgate.do and sandgate.findings: listFindings prints what was found, as text where that is asked for', async () => {
  const box = await start()
  expect(await doing(box, 'listFindings')).toEqual({ status: 0, stdout: 'none\n', stderr: '' })
  expect(await doing(box, 'listFindings', '--view', 'text')).toEqual({ status: 0, stdout: 'no findings\n', stderr: '' })
  await box.call(client, allocation({ user_identifer: 'ann' }))
  const told = await doing(box, 'listFindings', '--provider', 'cpg')
  expect([told.status, told.stderr]).toEqual([0, ''])
  expect(told.stdout).toMatch(/unknown-field.*cpg.*did you mean user_identifier\?/s)
  const text = await doing(box, 'listFindings', '--view', 'text')
  expect(text.stdout).toBe(await (await fetch(`${box.url}/_sandgate/findings?view=text`)).text())
  expect(text.stdout).toContain('What to do: ')
  const json = JSON.parse((await doing(box, 'listFindings', '--json')).stdout)
  expect(json.data).toMatchObject([{ kind: 'unknown-field', provider: 'cpg', entries: [1], count: 1 }])
  expect((await doing(box, 'listFindings', '--provider', 'zopay')).stdout).toBe('none\n')
  const wrong = await doing(box, 'listFindings', '--provider', 'cgp')
  expect([wrong.status, wrong.stdout]).toEqual([1, ''])
  expect(wrong.stderr).toContain('did you mean cpg?')
})

test('sandgate.do: a field that is named as a flag of Sandgate is the field behind the operation', async () => {
  const box = await start()
  const url = 'http://127.0.0.1:1/hooks'
  const args = [
    'putEndpoint',
    '--provider',
    'cpg',
    '--url',
    url,
    '--events',
    'deposit.swept',
    '--events',
    'deposit.confirmed',
  ]
  const ended = await new Running(['do', '--url', box.url, ...args, '--json']).ended
  expect(ended.stderr).toBe('')
  expect(JSON.parse(ended.stdout)).toMatchObject({ url, events: ['deposit.swept', 'deposit.confirmed'] })
  expect(await printed('putEndpoint', '--help')).toContain('sandgate do --url … OPERATION')
})

test('sandgate.do: what cannot be asked ends with 2, in one line that says what is right', async () => {
  const box = await start()
  const wrong: [args: string[], line: RegExp][] = [
    [['advanceClok'], /no operation "advanceClok"; did you mean advanceClock\?/],
    [['LISTJOURNAL'], /did you mean listJournal\?/],
    [['advance-clock'], /did you mean advanceClock\?/],
    [['advanceClock', '--bi', '4h'], /--bi is no flag of advanceClock; did you mean --by\?/],
    [['--wrold', 'ci', 'getClock'], /unknown option '--wrold' \(Did you mean --world\?\)/],
    [['advanceClock', '--by'], /--by <text>.*argument missing/],
    [['getJournalEntry', '17'], /"17" is no flag; getJournalEntry takes --id/],
    [['getJournalEntry'], /getJournalEntry needs --id;/],
    [['sendDeposit', '--amount', '5'], /sendDeposit needs --address;/],
    [['advanceClock'], /advanceClock needs a body: --by, --to, --until, or -d/],
    [['getClock', '-d', '{}'], /getClock takes no body/],
    [['advanceClock', '-d', '{}', '--by', '1h'], /-d is the whole body of advanceClock; --by cannot/],
    [['advanceClock', '-d', '@/nowhere.json'], /-d @\/nowhere\.json: cannot be read/],
    [['armFault', '--when', '{', '--then', '[]'], /--when: expected an object as JSON, got "\{"/],
    [['armFault', '--when', '{}', '--then', '{}'], /--then: expected a list as JSON, got "\{\}"/],
    [['getClock', '--world', 'No World'], /--world No World: not a world id/],
  ]
  const ends = wrong.map(async ([args, line]) => ({ args, line, ...(await doing(box, ...args)) }))
  for (const { args, line, status, stdout, stderr } of await Promise.all(ends)) {
    expect([args, status, stdout, stderr]).toEqual([args, 2, '', expect.stringMatching(/^sandgate: [^\n]+\n$/)])
    expect(stderr).toMatch(line)
  }
  const nobody = await doing({ url: 'http://127.0.0.1:1' }, 'getClock')
  expect(nobody).toMatchObject({ status: 2, stdout: '' })
  expect(nobody.stderr).toMatch(
    /^sandgate: http:\/\/127\.0\.0\.1:1\/_sandgate did not answer: .*; nothing listens there: start a sandbox with sandgate serve\n$/,
  )
})

test('sandgate.do: what is refused ends with 1, with the sentence and the code of the sandbox', async () => {
  const box = await start({ controlToken: 'a-token-of-ours' })
  const unknown = await doing(box, 'getClock')
  expect(unknown).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^sandgate: .*--control-token \(unauthorized\)\n$/),
  })
  const wrong = await doing(box, 'getClock', '--control-token', 'another-token')
  expect(wrong.status).toBe(1)
  expect(wrong.stderr).not.toContain('another-token')
  const token = ['--control-token', 'a-token-of-ours']
  expect((await doing(box, ...token, 'getClock')).status).toBe(0)
  expect(await doing(box, ...token, 'disarmFault', '--id', 'a/b')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^sandgate: [^\n]*a\/b[^\n]* \(fault_not_found\)\n$/),
  })
  const both = await doing(box, ...token, 'setClock', '-d', '{"mode":"x","now":1}')
  expect(both.status).toBe(1)
  expect(both.stderr).toMatch(/^sandgate: [^\n]*\(invalid_request\)\n {2}body [^\n]+\n {2}body [^\n]+\n$/)
})
