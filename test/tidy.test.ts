// The house rules, held as a test: who may import whom, which package has which door, and what nobody does.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const ROOT = new URL('..', import.meta.url).pathname

interface Source {
  readonly path: string
  readonly text: string
  /** Without comments, so that words in them do not count. */
  readonly code: string
  readonly imports: readonly string[]
}

function read(folder: string): Source[] {
  return readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const path = `${folder}/${file}`
      const text = readFileSync(`${ROOT}${path}`, 'utf8')
      const imports = [...text.matchAll(/(?:^(?:import|export|\}) [^\n]*from|^import|\bimport\() ?'([^'\n]+)'/gm)].map(
        ([, name]) => (name!.startsWith('.') ? resolve(path, name!) : name!),
      )
      return { path, text, code: text.replace(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*/g, ''), imports }
    })
}

function resolve(from: string, to: string): string {
  return new URL(to, `file:///${from}`).pathname.slice(1)
}

const sources = read('src')
const core = sources.filter(({ path }) => !path.startsWith('src/providers/'))
const providers = readdirSync(`${ROOT}src/providers`)

/** What each part may import from inside the project, beside its own folder: an arrow of the tree in docs/architecture.md. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  text: [],
  runtime: ['text'],
  world: ['text'],
  'provider.ts': ['world', 'text'],
  providers: ['provider.ts', 'world', 'text'],
  contract: ['provider.ts', 'world', 'runtime', 'text'],
  outbox: ['provider.ts', 'world', 'runtime', 'text'],
  diagnosis: ['contract', 'provider.ts', 'world', 'text'],
  scenario: ['contract', 'provider.ts', 'world', 'runtime', 'text'],
  storage: ['world', 'runtime', 'text'],
  engine: ['scenario', 'outbox', 'contract', 'storage/port.ts', 'provider.ts', 'world', 'runtime', 'text'],
  pipeline: ['engine', 'scenario', 'outbox', 'contract', 'diagnosis', 'provider.ts', 'world', 'runtime', 'text'],
  telemetry: ['engine', 'scenario', 'provider.ts', 'world', 'runtime', 'text'],
  casefile: [
    'pipeline',
    'engine',
    'scenario',
    'outbox',
    'contract',
    'provider.ts',
    'world',
    'runtime',
    'text',
    'options.ts',
  ],
  control: [
    'casefile',
    'telemetry',
    'engine',
    'scenario',
    'outbox',
    'contract',
    'provider.ts',
    'world',
    'runtime',
    'text',
  ],
  'options.ts': ['engine', 'outbox', 'storage', 'telemetry', 'provider.ts', 'world', 'runtime', 'text'],
  'app.ts': [
    'options.ts',
    'control',
    'pipeline',
    'casefile',
    'telemetry',
    'storage',
    'engine',
    'scenario',
    'outbox',
    'contract',
    'provider.ts',
    'world',
    'runtime',
    'text',
  ],
  library: [
    'app.ts',
    'options.ts',
    'telemetry',
    'engine',
    'scenario',
    'outbox',
    'provider.ts',
    'world',
    'runtime',
    'text',
  ],
  cli: [
    'app.ts',
    'options.ts',
    'casefile',
    'telemetry',
    'storage',
    'engine',
    'scenario',
    'contract',
    'provider.ts',
    'world',
    'runtime',
    'text',
  ],
}

/** The part that a file belongs to: its folder, or itself. */
function partOf(path: string): string {
  return path.split('/')[1]!
}

/** Packages with one door. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  express: ['src/app.ts', 'src/control/router.ts'],
  '@stoplight/prism-http': ['src/contract/sample-worker.ts'],
  '@stoplight/prism-core': ['src/contract/sample-worker.ts'],
  'json-schema-faker': ['src/contract/sample-worker.ts'],
  lowdb: ['src/storage/file/store.ts'],
  seedrandom: ['src/world/draws.ts'],
  'sorted-btree': ['src/world/group.ts'],
  '@streamparser/json': ['src/control/snapshot-body.ts'],
  'find-my-way': ['src/contract/paths.ts'],
  'ajv/dist/2020.js': ['src/contract/contract.ts'],
  commander: ['src/cli/'],
}

describe('imports', () => {
  test.each(sources.map((source) => [source.path, source] as const))(
    '%s asks only whom it may',
    (path, { imports }) => {
      const part = partOf(path)
      const may = LAYERS[part] ?? []
      const allowed = (name: string) =>
        partOf(name) === part || may.some((layer) => name === `src/${layer}` || name.startsWith(`src/${layer}/`))
      const wrong = imports.filter((name) => name.startsWith('src/') && !allowed(name))
      expect(wrong, `${path} may import ${may.join(', ') || 'nothing'}`).toEqual([])
      for (const name of imports)
        if (DOORS[name])
          expect(
            DOORS[name].some((door) => path.startsWith(door)),
            `${name} has one door`,
          ).toBe(true)
      if (path.startsWith('src/providers/')) {
        expect(imports.filter((name) => !name.startsWith('src/') && name !== 'zod' && name !== 'node:crypto')).toEqual(
          [],
        )
      }
      if (path.startsWith('src/world/'))
        expect(imports.filter((name) => name.startsWith('node:') && name !== 'node:crypto')).toEqual([])
    },
  )

  test('nothing imports a provider, and nothing the command line', () => {
    for (const { path, imports } of core)
      expect(
        imports.filter(
          (name) => name.startsWith('src/providers/') || (name.startsWith('src/cli/') && !path.startsWith('src/cli/')),
        ),
        path,
      ).toEqual([])
  })
})

describe('habits', () => {
  test.each(sources.map((source) => [source.path, source] as const))('%s', (path, source) => {
    const { text, code } = source
    expect(text.startsWith('// ') || text.startsWith('#!/usr/bin/env node\n// '), 'begins with what it is for').toBe(
      true,
    )
    expect(text.split('\n').length, 'lines').toBeLessThanOrEqual(400)
    expect(text).not.toMatch(/\b(TODO|FIXME|XXX|HACK|TEMPORARY)\b/)
    if (!path.startsWith('src/cli/'))
      expect(code, 'process belongs to the command line').not.toMatch(/\bprocess\.(?!nextTick)/)
    if (/^src\/(world|providers)\//.test(path)) {
      expect(code, 'no wall clock and no chance in the world').not.toMatch(
        /Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|performance\./,
      )
    }
    if (
      path !== 'src/runtime/timers.ts' &&
      !path.startsWith('src/cli/') &&
      /\bset(Immediate|Timeout|Interval)\b/.test(code)
    ) {
      expect(source.imports, 'timers that a test may have replaced; timers.ts has the real ones').toContain(
        'src/runtime/timers.ts',
      )
    }
    expect(code, 'nothing mutable at module level').not.toMatch(/^(export )?(let|var) /m)
  })

  test('no core file names a provider', () => {
    const names = new RegExp(`\\b(${providers.join('|')})\\b`, 'i')
    // The command line's one sentence about itself is for people, and so are the names that an editor offers.
    const forPeople = /\.description\('A local stand-in[^']*'\)|^export interface Providers \{[^}]*\}/gm
    for (const { path, code } of core) expect(code.replace(forPeople, ''), path).not.toMatch(names)
  })

  test('no test sleeps, skips or watches the time', () => {
    for (const { path, code } of read('test').filter(({ path }) => path !== 'test/tidy.test.ts')) {
      expect(code, path).not.toMatch(/setTimeout\(|\.skip\(|\.only\(|\.todo\(|timers\/promises|performance\.now/)
    }
  })

  test('there are no drawers for odds and ends', () => {
    const names = sources
      .map(({ path }) => path)
      .filter((path) => /(utils?|helpers?|services?|types|middleware|common|misc)(\/|\.ts)/.test(path))
    expect(names).toEqual([])
  })
})
