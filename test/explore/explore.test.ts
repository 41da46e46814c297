// `sandgate explore` and `sandgate prove` as a shell runs them, with the command of a partner (partner.mjs) that makes one mistake or none.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { Running, serve } from '../command-line.ts'
import { eventually } from '../eventually.ts'

const PARTNER = new URL('partner.mjs', import.meta.url).pathname
const COMMAND = ['--', process.execPath, PARTNER]
const ORACLE = ['--oracle', 'books.jsonl']
const LOST =
  'rules: [{ when: { provider: cpg, operation: createDepositAddress, nth: 1 }, then: [{ drop: { stage: after, how: reset } }] }]\n'

/** A folder of its own, and what runs in it. */
function desk(mistake = '') {
  const folder = mkdtempSync(join(tmpdir(), 'sandgate-explore-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const start = (args: readonly string[], env: Record<string, string> = {}) =>
    new Running(args, { MISTAKE: mistake, ...env }, { cwd: folder })
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  return {
    folder,
    start,
    read,
    explore: (...flags: string[]) => start(['explore', ...flags, ...COMMAND]).ended,
    prove: (file: string, ...flags: string[]) => start(['prove', file, ...flags, ...COMMAND]).ended,
    finds: () => (existsSync(join(folder, 'sandgate-explore')) ? readdirSync(join(folder, 'sandgate-explore')) : []),
    scenario: (find: string) => parse(read(`sandgate-explore/${find}/scenario.yaml`)),
    receipt: (find: string) => JSON.parse(read(`sandgate-explore/${find}/receipt.json`)),
  }
}

describe('what is found', () => {
  test('sandgate.explore: nothing, where the command is right whatever goes wrong', async () => {
    const { explore, finds } = desk()
    const { status, stdout } = await explore('--runs', '20', ...ORACLE)
    expect(stdout).toMatch(/^20 runs in .*: 0 failed, 0 found, 0 flaky \(seed sandgate\)$/m)
    expect([status, finds()]).toEqual([0, []])
  })

  test.each([
    ['new-key-on-retry', /^finding:new-key-on-retry:cpg$/, ['drop', 'respond', 'corrupt']],
    ['credits-on-detected', /^oracle:cpg:credit:(extra|missing)$/, ['deposit', 'callbacks']],
  ])('sandgate.explore, sandgate.explore.folder: %s', async (mistake, key, actions) => {
    const { explore, prove, finds, scenario, receipt, start } = desk(mistake)
    const { status, stdout } = await explore('--runs', '60', '--first', ...ORACLE)
    expect([status, finds()], stdout).toEqual([1, ['001']])
    const { found, repeat, exit } = receipt('001')
    expect(found.key).toMatch(key)
    expect(stdout).toContain(found.says)
    expect(exit.status === 0).toBe(!found.key.startsWith('exit'))
    const { rules = [], timeline = [], summary } = scenario('001')
    expect(rules.length + timeline.length).toBe(1)
    expect(actions).toContain(Object.keys(rules[0]?.then[0] ?? timeline[0].do)[0])
    expect(stdout).toContain(summary)
    if (mistake !== 'new-key-on-retry') return
    // By itself, by its recording too, and with the right partner.
    const file = 'sandgate-explore/001/scenario.yaml'
    expect(await start(['check', file]).ended).toMatchObject({ status: 0 })
    expect(await prove(file, '--expect', 'fail', ...ORACLE)).toMatchObject({ status: 0 })
    expect(await prove('sandgate-explore/001/case.json', '--expect', 'fail', ...ORACLE)).toMatchObject({ status: 0 })
    expect(await start(['prove', file, ...ORACLE, ...COMMAND], { MISTAKE: '' }).ended).toMatchObject({ status: 0 })
    expect(await start(['replay', 'sandgate-explore/001/case.json']).ended).toMatchObject({ status: 0 })
    // The line that repeats it finds the same scenario.
    const [, run] = /--run (\d+)/.exec(repeat)!
    await explore('--run', run!, ...ORACLE)
    expect({ ...scenario('002'), name: '' }).toEqual({ ...scenario('001'), name: '' })
  })

  test('sandgate.explore.seed: the same seed gives the same finds, side by side too', async () => {
    const { explore, finds, scenario } = desk('no-signature-check')
    const found = async (...flags: string[]) => {
      const before = finds()
      await explore('--runs', '8', ...flags)
      return finds()
        .filter((find) => !before.includes(find))
        .map(scenario)
    }
    const first = await found()
    expect(first.length).toBeGreaterThan(0)
    expect(await found('--jobs', '3')).toEqual(first)
  })

  test('one mistake does not hide another that looks like it', async () => {
    const { explore, finds, scenario, read } = desk('gives-up')
    await explore('--runs', '18')
    expect(read('sandgate-explore/001/output.txt')).toContain('Error')
    const operations = finds().map((find) => scenario(find).rules?.[0].when.operation)
    expect(operations).toContain('createDepositAddress')
    expect(operations).toContain('listTransactions')
  })

  test('sandgate.explore.flaky: a command that fails once is told as flaky, and not as found', async () => {
    const { explore, finds } = desk('fails-once')
    const { status, stdout } = await explore('--runs', '4')
    expect(stdout).toContain('flaky: run 2 failed once and not again: the command ended with the status 9')
    expect(stdout).toMatch(/^4 runs in .*: 1 failed, 0 found, 1 flaky/m)
    expect([status, finds()]).toEqual([0, []])
  })

  test('what goes wrong without any failure is found before the first run', async () => {
    const { explore, finds, receipt, scenario } = desk('credits-on-detected')
    const books = ['--oracle', 'sh -c "cat books.jsonl books.jsonl"']
    const { status, stdout } = await explore('--runs', '1', ...books)
    expect(stdout).toContain('without any failure: cpg: 10 USDT arrived at')
    expect([status, finds(), scenario('001').rules]).toEqual([1, ['001'], undefined])
    expect(receipt('001')).toMatchObject({
      found: { key: 'oracle:cpg:credit:extra' },
      oracle: { differences: [{ booked: '20', moved: '10', amount: 'extra' }] },
    })
  })
})

describe('the command', () => {
  test('sandgate.explore.environment: the first key of a config file, and no key of it is written down', async () => {
    const { folder, start, read, receipt } = desk('lists-its-environment')
    const account = (name: string) => ({
      keys: [
        {
          id: `${name}_key`,
          secret: `${name}_secret_of_ours`,
          permissions: ['request_deposit_address', 'list_transactions'],
        },
      ],
      currencies: [{ currency: 'USDT', network: 'ETH' }],
    })
    const accounts = { mine: account('first'), second: account('second') }
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify({ providers: { cpg: { accounts } } }))
    const oracle = ['--oracle', 'sh -c "cat books.jsonl books.jsonl; echo second_secret_of_ours >&2"']
    const flags = ['--runs', '1', '--config', 'config.yaml', ...oracle]
    await start(['explore', ...flags, ...COMMAND, 'second_secret_of_ours']).ended
    expect(JSON.parse(read('note.txt'))).toMatchObject({ SANDGATE_CPG_ACCOUNT: 'mine', SANDGATE_CPG_KEY: 'first_key' })
    expect(receipt('001').found.key).toBe('oracle:cpg:credit:extra')
    const home = join(folder, 'sandgate-explore/001')
    for (const file of readdirSync(home)) expect(readFileSync(join(home, file), 'utf8')).not.toContain('_of_ours')
  })

  test('a process that escapes it and holds its output keeps nobody', async () => {
    const { start } = desk()
    const script = `"${process.execPath}" "${PARTNER}"; setsid sleep 60 & exit 0`
    expect(await start(['explore', '--run', '1', '--', 'sh', '-c', script]).ended).toMatchObject({ status: 0 })
  })

  test('where finds cannot be written, nothing is run', async () => {
    const { explore, folder } = desk()
    writeFileSync(join(folder, 'sandgate-explore'), 'a file')
    const { status, stderr } = await explore('--runs', '1')
    expect([status, stderr]).toEqual([2, expect.stringContaining('sandgate-explore: finds cannot be written there')])
  })

  test('sandgate.explore.environment: what it finds there', async () => {
    const { start, read } = desk('lists-its-environment')
    const { status } = await start(['explore', '--run', '5', '--seed', 's', ...COMMAND], {
      SANDGATE_CPG_ACCOUNT: 'mine',
    }).ended
    expect(status).toBe(0)
    const found = JSON.parse(read('note.txt'))
    const base = `${found.SANDGATE_URL}/w/${found.SANDGATE_WORLD}`
    expect(found).toMatchObject({
      SANDGATE_SEED: 's-5',
      SANDGATE_CPG_URL: `${base}/cpg`,
      SANDGATE_CPG_KEY: 'cpg_demo_key',
      SANDGATE_CPG_SECRET: 'cpg_demo_secret',
      SANDGATE_CPG_ACCOUNT: 'mine',
      SANDGATE_ZOPAY_URL: `${base}/zopay`,
      SANDGATE_ZOPAY_KEY: 'sk_test_sandgate_demo',
      SANDGATE_ALPHAPO_ACCOUNT: 'demo',
      SANDGATE_PAYWARD_URL: `${base}/payward`,
    })
    expect(found).not.toHaveProperty('SANDGATE_ZOPAY_SECRET')
  })

  test('sandgate.explore.folder: its keys stand in nothing that is written down', async () => {
    const { explore, folder, finds } = desk('prints-its-key')
    await explore('--runs', '1', '--oracle', 'sh -c "cat books.jsonl books.jsonl"')
    expect(finds()).toEqual(['001'])
    const home = join(folder, 'sandgate-explore/001')
    const texts = Object.fromEntries(readdirSync(home).map((file) => [file, readFileSync(join(home, file), 'utf8')]))
    expect(texts['output.txt']).toContain('key {{cpg demo key 1}}, secret {{cpg demo secret 1}}')
    for (const text of Object.values(texts)) expect(text).not.toMatch(/cpg_demo_(key|secret)/)
  })

  test('sandgate.explore.command: one that hangs is ended with all its processes, and has failed', async () => {
    const { start, read, folder } = desk('hangs')
    writeFileSync(join(folder, 'lost.yaml'), LOST)
    // Of a shell, which is a process more.
    const command = ['--', 'sh', '-c', `"${process.execPath}" "${PARTNER}"; true`]
    const { status, stdout } = await start(['prove', 'lost.yaml', '--expect', 'fail', '--timeout', '5s', ...command])
      .ended
    expect([status, JSON.parse(stdout)]).toMatchObject([
      0,
      { exit: { timed_out: true }, failures: [{ key: 'timeout' }] },
    ])
    await eventually('the command is gone', () => (isAlive(Number(read('note.txt'))) ? 'it is there' : undefined))
  })

  test('sandgate.explore.command: a signal ends it with a summary, and no process is left', async () => {
    const { start, read, folder } = desk('hangs')
    const running = start(['explore', '--runs', '1000', ...COMMAND])
    await running.says(/it passes in/)
    await eventually('the command hangs', () => (existsSync(join(folder, 'note.txt')) ? undefined : 'it goes on'))
    running.child.kill('SIGINT')
    const { status, stdout } = await running.ended
    expect(stdout).toMatch(/^stopped after \d+ runs in .*: 0 failed, 0 found, 0 flaky \(seed sandgate\)$/m)
    expect(status).toBe(2)
    await eventually('the command is gone', () => (isAlive(Number(read('note.txt'))) ? 'it is there' : undefined))
  })

  test.each([
    [['always-fails'], [], 'the command fails in a world in which nothing goes wrong (status 3)'],
    [['always-fails'], [], 'one test of 12 failed'],
    [['calls-nobody'], [], 'the command called no provider'],
    [['deletes-its-world'], [], 'the world cannot be looked at after the command'],
    [['unreadable-books'], ORACLE, '--oracle books.jsonl: line 1 is not JSON'],
    [[''], ['--oracle', 'elsewhere.jsonl'], '--oracle elsewhere.jsonl: the command has not written this file'],
    [[''], ['--oracle', 'false or so'], '--oracle false or so: it ended with the status 1'],
    [[''], ['--oracle', 'http://127.0.0.1:9/'], '--oracle http://127.0.0.1:9/: it did not answer'],
    [[''], ['--oracle', '.'], '--oracle .: it is not a file'],
    [[''], ['--with', 'nothing.yaml'], 'nothing.yaml'],
    [[''], ['--runs', '0'], 'expected a whole number from 1 on'],
    [[''], ['--for', 'ever'], 'expected a duration such as 30s'],
    [[''], ['--jobs', '33'], 'at most 32 runs at once'],
    [[''], ['--url', 'http://127.0.0.1:9'], 'does not answer'],
  ])('sandgate.explore.command: %s with %s cannot be run', async ([mistake], flags, told) => {
    const { explore, finds } = desk(mistake)
    const { status, stderr } = await explore('--runs', '2', ...flags)
    expect([status, stderr, finds()]).toEqual([2, expect.stringContaining(told), []])
  })

  test('books of an earlier run are not taken for those of this one', async () => {
    const { explore, folder } = desk('no-books')
    writeFileSync(join(folder, 'books.jsonl'), '')
    const { status, stderr } = await explore('--runs', '2', ...ORACLE)
    expect([status, stderr]).toEqual([2, expect.stringContaining('it holds the books of an earlier run')])
  })

  test('a program that there is not', async () => {
    const { start } = desk()
    const { status, stderr } = await start(['explore', '--', 'no-such-program']).ended
    expect([status, stderr]).toEqual([
      2,
      'sandgate: there is no program "no-such-program": write the command as in a terminal, behind --\n',
    ])
  })
})

test('sandgate.explore.oracle: books of a URL, of the world that is asked for', async () => {
  const { start, read, receipt } = desk()
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url!)
    response.end(read('books.jsonl').repeat(2))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const oracle = ['--oracle', `http://127.0.0.1:${port}/books?world={world}`]
  expect(await start(['explore', '--run', '1', ...oracle, ...COMMAND]).ended).toMatchObject({ status: 1 })
  expect(asked[0]).toBe('/books?world=run-1')
  expect(receipt('001').oracle.differences).toHaveLength(1)
})

test('a sandbox that runs already, with a token, and a scenario that every run has', async () => {
  const { start, folder, scenario, finds } = desk('gives-up')
  const url = await serve(['--control-token', 'let-me-in']).ready()
  const rule = '{ when: { provider: cpg, operation: getDepositRequest }, then: [{ corrupt: { how: empty } }] }'
  writeFileSync(join(folder, 'base.yaml'), `name: base\nrules:\n  - ${rule}\n`)
  const flags = ['--runs', '40', '--first', '--url', url, '--with', 'base.yaml']
  const env = { SANDGATE_CONTROL_TOKEN: 'let-me-in' }
  // The partner itself calls the control API without one.
  const { status, stderr } = await start(['explore', ...flags, ...COMMAND], env).ended
  expect([status, stderr]).toEqual([2, expect.stringContaining('401')])
  const open = await serve().ready()
  expect(await start(['explore', ...flags.with(4, open), ...COMMAND]).ended).toMatchObject({ status: 1 })
  expect(finds()).toEqual(['001'])
  expect(scenario('001').rules[0]).toEqual(parse(rule))
  // Worlds go when their run is over.
  const { data } = (await (await fetch(`${open}/_sandgate/worlds`)).json()) as { data: { id: string }[] }
  expect(data.map(({ id }) => id)).toEqual(['default'])
})

describe('prove', () => {
  test.each([
    ['new-key-on-retry', 'fail', 0],
    ['new-key-on-retry', 'pass', 1],
    ['', 'pass', 0],
    ['', 'fail', 1],
  ])('sandgate.prove: %s, expected to %s', async (mistake, expected, status) => {
    const { prove, folder, read } = desk(mistake)
    writeFileSync(join(folder, 'lost.yaml'), `name: lost\nseed: ours\n${LOST}`)
    expect(await prove('lost.yaml', '--expect', expected, '--receipt', 'receipt.json', ...ORACLE)).toMatchObject({
      status,
    })
    const receipt = JSON.parse(read('receipt.json'))
    expect(receipt).toMatchObject({
      file: 'lost.yaml',
      expected,
      passed: mistake === '',
      as_expected: status === 0,
      seed: 'ours',
      exit: { status: 0 },
      oracle: { source: 'books.jsonl', differences: [] },
      findings: mistake === '' ? [] : [{ kind: 'new-key-on-retry', entries: expect.any(Array) }],
    })
    expect(receipt.entries).toBeGreaterThan(5)
  })

  test('a signal ends it in one line', async () => {
    const { start, folder } = desk('hangs')
    writeFileSync(join(folder, 'lost.yaml'), LOST)
    const running = start(['prove', 'lost.yaml', ...COMMAND])
    await eventually('the command hangs', () => (existsSync(join(folder, 'note.txt')) ? undefined : 'it goes on'))
    running.child.kill('SIGTERM')
    expect(await running.ended).toEqual({ status: 2, stdout: '', stderr: 'sandgate: stopped by a signal\n' })
  })

  test('the receipt is printed unless a file is named', async () => {
    const { prove, folder } = desk()
    writeFileSync(join(folder, 'lost.yaml'), LOST)
    const { stdout, stderr } = await prove('lost.yaml')
    expect(JSON.parse(stdout)).toMatchObject({ passed: true, seed: 'sandgate' })
    expect(stderr).toBe('sandgate: the command passed; as expected\n')
  })

  test('sandgate.prove.case: a case file of rules that were armed by hand', async () => {
    const { prove, folder } = desk('new-key-on-retry')
    const url = await serve(['--seed', 'theirs']).ready()
    const control = (method: string, path: string, body?: string) =>
      fetch(`${url}/_sandgate${path}`, { method, ...(body !== undefined && { body }) })
    const empty = await (await control('GET', '/recording')).text()
    await control('POST', '/faults', JSON.stringify(parse(LOST).rules[0]))
    await control('DELETE', '/faults')
    writeFileSync(join(folder, 'case.json'), await (await control('GET', '/recording')).text())
    const { status, stdout } = await prove('case.json', '--expect', 'fail')
    expect([status, JSON.parse(stdout).seed]).toEqual([0, 'theirs'])
    writeFileSync(join(folder, 'empty.json'), empty)
    expect(await prove('empty.json')).toMatchObject({ status: 2, stderr: expect.stringContaining('nothing to inject') })
  })

  test('an outcome that nobody can know proves nothing', async () => {
    const { prove, folder } = desk()
    writeFileSync(join(folder, 'lost.yaml'), LOST)
    const { status, stdout, stderr } = await prove('lost.yaml', '--expect', 'fail', '--oracle', 'nofile.jsonl')
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain('--oracle nofile.jsonl: the command has not written this file')
    expect(await prove('lost.yaml', '--receipt', 'no/receipt.json')).toMatchObject({ status: 2, stdout: '' })
  })

  test.each([
    ['empty.yaml', ''],
    ['nothing.yaml', undefined],
    ['broken.yaml', 'rules: [\n'],
    ['wrong.yaml', 'rules: [{ when: { provider: xpg }, then: [{ corrupt: { how: empty } }] }]\n'],
    ['broken.json', '{'],
    ['other.json', '{}'],
  ])('%s cannot be proven', async (file, text) => {
    const { prove, folder } = desk()
    if (text !== undefined) writeFileSync(join(folder, file), text)
    const { status, stderr, stdout } = await prove(file)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^sandgate: [^\n]+\n$/)
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
