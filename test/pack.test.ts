// The package as its users get it: packed from a copy of what is checked in, installed without network into an empty folder, started by npx, imported and
// required, and type-checked under the versions of TypeScript and the settings that people have.
import { execFile, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript5'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import * as library from '../src/library/index.ts'

const ROOT = new URL('..', import.meta.url).pathname
const DIST = join(ROOT, 'dist')

let folder: string
/** The folder that the package is installed in. */
let user: string
let tarball: string
let packed: string[]

interface Ended {
  readonly status: number
  readonly told: string
}

/** A program, to its end. */
async function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  return promisify(execFile)(command, args, { cwd, env: environment() }).then(
    ({ stdout, stderr }) => ({ status: 0, told: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ status: code, told: stdout + stderr }),
  )
}

/** That of a shell: what Vitest and npm add to it stays out. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV|NODE_OPTIONS|TEST|JEST|npm_)/.test(name)),
  )
}

const node = (args: readonly string[], cwd: string) => run(process.execPath, args, cwd)
const tool = (name: string, args: readonly string[]) => node([join(ROOT, 'node_modules', name), ...args], folder)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sandgate-pack-'))
  const clone = join(folder, 'clone')
  const { told: files } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard'], ROOT)
  for (const file of files.split('\n').filter((name) => name !== '' && !name.startsWith('test/')))
    cpSync(join(ROOT, file), join(clone, file))
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'))
  // What a provider that is gone would have left, if a build did not begin anew.
  mkdirSync(join(clone, 'dist/providers/gone'), { recursive: true })
  writeFileSync(join(clone, 'dist/providers/gone/index.js'), '')
  const { status, told } = await run('npm', ['pack', '--pack-destination', folder], clone)
  if (status !== 0) throw new Error(told)
  tarball = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz'))!,
  )
  user = join(folder, 'user')
  mkdirSync(user)
  writeFileSync(join(user, 'package.json'), '{"private":true}')
  const installed = await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], user)
  if (installed.status !== 0) throw new Error(installed.told)
  packed = filesOf(join(user, 'node_modules/sandgate'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function filesOf(place: string): string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(place.length + 1))
    .sort()
}

describe('what is packed', () => {
  test('a built package, what it needs, and nothing else', () => {
    const providers = readdirSync(join(ROOT, 'src/providers'))
    const mapped = (file: string) => [`${file}.js`, `${file}.js.map`]
    const named = [
      'LICENSE',
      'README.md',
      'package.json',
      ...filesOf(join(ROOT, 'specs')).map((file) => `specs/${file}`),
      ...filesOf(join(ROOT, 'scenarios')).map((file) => `scenarios/${file}`),
      ...[
        'api',
        'checkpoints',
        'errors',
        'index',
        'money',
        'options',
        'records',
        'sandbox',
        'scenario-file',
        'wire',
      ].map((name) => `dist/${name}.d.ts`),
      ...['require.cjs', 'require.d.cts', 'THIRD-PARTY-LICENSES.txt'].map((name) => `dist/${name}`),
      ...['config', 'scenario'].map((name) => `dist/${name}.schema.json`),
      ...['dist/main', 'dist/index', ...providers.map((name) => `dist/providers/${name}/index`)].flatMap(mapped),
      'dist/contract/sample-worker.js',
      ...['index', 'reference'].map((page) => `dist/console/${page}.html`),
    ]
    const hashed =
      /^dist\/((chunks|console\/assets)\/[\w-]+-[A-Z0-9]{8}\.(js|css)(\.map)?|documents\/[0-9a-f]{32}\.read\.json)$/
    expect(packed.filter((file) => !hashed.test(file))).toEqual(named.sort())
    expect(packed.filter((file) => file.startsWith('dist/documents/'))).toHaveLength(
      readdirSync(join(ROOT, 'specs')).length,
    )
  })

  test('nothing that would have to be installed with it', () => {
    expect(readdirSync(join(user, 'node_modules')).sort()).toEqual(['.bin', '.package-lock.json', 'sandgate'])
  })

  test('a license that says what package.json says, and those of what was bundled', () => {
    const { license } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(readFileSync(join(ROOT, 'LICENSE'), 'utf8').split('\n')[0]).toBe(license)
    const theirs = readFileSync(join(DIST, 'THIRD-PARTY-LICENSES.txt'), 'utf8')
    for (const name of ['express', 'zod', 'commander', 'yaml', '@noble/curves', '@stoplight/prism-http'])
      expect(theirs).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\\nLicense: .+$`, 'm'))
  })

  test('publint and attw find nothing', async () => {
    expect(await tool('publint/src/cli.js', ['run', tarball, '--strict'])).toMatchObject({
      status: 0,
      told: expect.stringContaining('All good!'),
    })
    const flags = [tarball, '--no-definitely-typed', '--format', 'json']
    const { told } = await tool('@arethetypeswrong/cli/dist/index.js', flags)
    expect(JSON.parse(told)).toMatchObject({ analysis: { types: { kind: 'included' } }, problems: {} })
  })
})

describe('by npx', () => {
  test('sandgate serve, until its npx ends', async () => {
    const child = spawn('npx', ['--offline', 'sandgate', 'serve', '--port', '0'], {
      cwd: user,
      env: environment(),
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.on('close', resolve))
    onTestFinished(async () => {
      process.kill(-child.pid!, 'SIGTERM')
      await ended
    })
    let told = ''
    const url = await new Promise<string>((resolve, reject) => {
      child.on('close', () => reject(new Error(told)))
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const ready = /^sandgate listening on (http:\S+)$/m.exec((told += text))
        if (ready) resolve(ready[1]!)
      })
    })
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(await (await fetch(`${url}/_sandgate/health`)).json()).toEqual({ status: 'ok', version })
  })

  test('sandgate check of a scenario that comes with it, and sandgate schema', async () => {
    const story = packed.find((file) => file.startsWith('scenarios/'))
    const npx = (...args: string[]) => run('npx', ['--offline', 'sandgate', ...args], user)
    expect(await npx('check', join('node_modules/sandgate', story!))).toMatchObject({ status: 0 })
    const { status, told } = await npx('schema', '--config')
    expect([status, Object.keys(JSON.parse(told).properties)]).toEqual([
      0,
      expect.arrayContaining(['seed', 'providers']),
    ])
  })
})

const ESM = `
  import { connectSandbox, ControlError, createSandbox, SandgateError } from 'sandgate'
  import type { Deposit, DepositInput, DepositWish, RuleInput, Sandbox, Verdict } from 'sandgate'
  const sandbox = await createSandbox({ port: 0, clock: '2026-05-16T19:00:00Z' })
  const taken = await sandbox.zopay.fetch('/connect/v1/balances', { headers: { authorization: 'Bearer sk_test_sandgate_demo' } })
  const there: Sandbox = await connectSandbox(sandbox.url, { world: 'ci-42' })
  const input: DepositInput = { address: 'nowhere', amount: '1', after: undefined, confirmations: 'instant' }
  const former: DepositWish = input
  const error: unknown = await there.deposit(former).catch((error: unknown) => error)
  const rule: RuleInput = { when: { provider: 'cpg', nth: 1 }, then: [{ respond: { error: 'unavailable' } }, { delay: { min: '1ms', max: '2ms' } }] }
  const { fired } = await there.faults.arm(rule)
  const verdict: Verdict = await there.verify({ provider: 'cpg', operation: 'ping', times: { exactly: 0 } })
  const scenario = await there.scenario({ name: 'x', timeline: [{ at: '1h', do: { outage: { provider: 'cpg', for: '10m' } } }] })
  export const fields = ({ output, outcome, from, block }: Deposit): [number, string, string, number | null] => [output, outcome, from, block]
  // @ts-expect-error there is no such action
  export const wrong: RuleInput = { when: {}, then: [{ dorp: { how: 'reset' } }] }
  // @ts-expect-error there is no such count
  export const times = () => there.verify({ provider: 'cpg', operation: 'ping', times: { exact: 1 } })
  // @ts-expect-error there is no such way to end
  export const end: DepositInput = { address: '', amount: '1', outcome: 'lost' }
  declare module 'sandgate' {
    interface Providers {
      readonly mine: import('sandgate').Provider
    }
  }
  export const mine = (): string => sandbox.mine.name
  const code: string | undefined = error instanceof SandgateError ? error.code : 'none'
  console.log(taken.status, error instanceof ControlError && error.status, code !== 'none', fired, verdict.ok, scenario.timeline[0]?.at)
  await sandbox.close()
`

const CJS = `
  import sandgate = require('sandgate')
  export async function main(): Promise<void> {
    const sandbox: sandgate.WithProviders<sandgate.Sandbox> = await sandgate.createSandbox({ port: 0 })
    const there = await sandgate.connectSandbox(sandbox.url)
    const input: sandgate.DepositInput = { address: 'nowhere', amount: '1' }
    const errors: unknown[] = [await sandbox.deposit(input).catch((error: unknown) => error), await there.deposit(input).catch((error: unknown) => error)]
    const status = (error: unknown) => (error instanceof sandgate.SandgateError && error instanceof sandgate.ControlError ? error.status : undefined)
    console.log(...errors.map(status), new Error('x') instanceof sandgate.SandgateError)
    await sandbox.close()
  }
  declare module 'sandgate' {
    interface Providers {
      readonly mine: sandgate.Provider
    }
  }
  export const mine = (box: sandgate.WithProviders<sandgate.World>): string => box.mine.name
  export const make = (): sandgate.ControlError => new sandgate.SandgateError(409, 'x', { code: 'y' })
  export const told = (error: sandgate.SandgateError): string | undefined => error.code
  // @ts-expect-error there is no such option
  export const wrong = () => sandgate.createSandbox({ sed: 'x' })
  void main()
`

describe.each([
  ['5', 'typescript5/bin/tsc'],
  ['7', 'typescript/bin/tsc'],
])('under TypeScript %s', (version, tsc) => {
  test('a consumer of each kind is type-checked under node16 and bundler, and runs', async () => {
    const place = join(user, `typescript-${version}`)
    mkdirSync(place)
    writeFileSync(join(place, 'esm.mts'), ESM)
    writeFileSync(join(place, 'cjs.cts'), CJS)
    const common = {
      target: 'es2022',
      lib: ['es2022'],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
    }
    const projects = {
      node16: { compilerOptions: { ...common, module: 'node16' }, files: ['esm.mts', 'cjs.cts'] },
      bundler: {
        compilerOptions: { ...common, module: 'preserve', moduleResolution: 'bundler', noEmit: true },
        files: ['esm.mts', 'cjs.cts'],
      },
    }
    const checked = Object.entries(projects).map(([name, project]) => {
      const file = join(place, `${name}.json`)
      writeFileSync(file, JSON.stringify(project))
      return tool(tsc, ['-p', file])
    })
    expect(await Promise.all(checked)).toEqual(Object.keys(projects).map(() => ({ status: 0, told: '' })))
    expect(await node(['esm.mjs'], place)).toEqual({ status: 0, told: '200 404 true 0 true 1h\n' })
    expect(await node(['cjs.cjs'], place)).toEqual({ status: 0, told: '404 404 false\n' })
  })
})

describe('the library', () => {
  const doors = ['index.d.ts', 'require.d.cts'].map((name) => join(DIST, name))
  const program = ts.createProgram(doors, { module: ts.ModuleKind.Node16, types: [], noEmit: true })
  const checker = program.getTypeChecker()

  /** What a declaration file exports, by name. */
  function exportsOf(door: string): Map<string, ts.Symbol> {
    const symbol = checker.getSymbolAtLocation(program.getSourceFile(door)!)!
    return new Map(checker.getExportsOfModule(symbol).map((each) => [each.name, aliased(each)]))
  }

  function aliased(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  }

  test('import and require give the same types and values', async () => {
    const [esm, cjs] = doors.map((door) => [...exportsOf(door).keys()].sort())
    expect(cjs).toEqual(esm)
    expect(esm).toEqual(
      expect.arrayContaining(['ControlError', 'Deposit', 'DepositWish', 'SandgateError', 'createSandbox']),
    )
    const script = "console.log(JSON.stringify(Object.keys(require('sandgate')).sort()))"
    expect(JSON.parse((await node(['-e', script], user)).told)).toEqual(Object.keys(library).sort())
  })

  test('every export says what it is and gives an example, or what took its place', () => {
    for (const [name, symbol] of exportsOf(doors[0]!)) {
      const tags = symbol.getJsDocTags().map((tag) => tag.name)
      if (tags.includes('deprecated')) continue
      expect(ts.displayPartsToString(symbol.getDocumentationComment(undefined)), name).not.toBe('')
      expect(tags, name).toContain('example')
    }
  })

  test('its types are those of the control API and of scenario files', async () => {
    expect(await node(['deploy/wire-types.mjs', '--check'], ROOT)).toEqual({ status: 0, told: '' })
  })

  test('an error has the code of its problem, under both names', () => {
    const error = new library.SandgateError(409, 'in use', { code: 'world_in_use' })
    expect(error).toMatchObject({ name: 'SandgateError', status: 409, code: 'world_in_use', message: 'in use' })
    expect(error).toBeInstanceOf(library.ControlError)
    for (const problem of [undefined, {}, { code: 7 }])
      expect(new library.SandgateError(500, '', problem).code).toBeUndefined()
  })
})

test('a bug is told by file and line of the source', async () => {
  const bug = "console.log = () => { throw new Error('made up') }"
  const { status, told } = await node(
    ['--import', `data:text/javascript,${encodeURIComponent(bug)}`, join(DIST, 'main.js'), 'serve', '--port', '0'],
    folder,
  )
  expect([status, told]).toEqual([1, expect.stringMatching(/^Error: made up$/m)])
  const [, file, line] = /\((src\/cli\/listen\.ts):(\d+):\d+\)/.exec(told)!
  expect(readFileSync(join(ROOT, file!), 'utf8').split('\n')[Number(line) - 1]).toContain('console.log(readyText(')
  expect(told).not.toContain('dist/')
})
