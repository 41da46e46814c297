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
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => {
      const path = `${folder}/${file}`
      const text = readFileSync(`${ROOT}${path}`, 'utf8')
      const imports = [...text.matchAll(/(?:^(?:import|export|\}) [^\n]*from|^import|\bimport\() ?'([^'\n]+)'/gm)].map(
        ([, name]) => (name!.startsWith('.') ? resolve(path, name!) : name!),
      )
      return { path, text, code: text.replace(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*/g, ''), imports }
    })
}

/** The modules of Node.js that are loaded at run time. */
function nodeModules(text: string): string[] {
  return [...text.matchAll(/^import (?!type )[^']*'(node:[^']+)'/gm)].map(([, name]) => name!)
}

/** Groups of files that import each other in a circle, types included. */
function circles(all: readonly Source[]): string[][] {
  const inside = new Map(all.map(({ path, imports }) => [path, imports.filter((name) => name.startsWith('src/'))]))
  const reaches = (from: string): Set<string> => {
    const seen = new Set<string>()
    const next = [...(inside.get(from) ?? [])]
    for (let name = next.pop(); name !== undefined; name = next.pop()) {
      if (seen.has(name)) continue
      seen.add(name)
      next.push(...(inside.get(name) ?? []))
    }
    return seen
  }
  const reached = new Map([...inside.keys()].map((path) => [path, reaches(path)]))
  const found = new Set(
    [...inside.keys()]
      .filter((path) => reached.get(path)!.has(path))
      .map((path) => JSON.stringify([...reached.get(path)!].filter((other) => reached.get(other)?.has(path)).sort())),
  )
  return [...found].map((text) => JSON.parse(text) as string[])
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
  'provider-money.ts': ['world', 'text'],
  'provider-pitfalls.ts': [],
  'provider.ts': ['provider-money.ts', 'provider-pitfalls.ts', 'world', 'text'],
  providers: ['provider.ts', 'world', 'text'],
  contract: ['provider.ts', 'world', 'runtime', 'text'],
  outbox: ['provider.ts', 'world', 'runtime', 'text'],
  diagnosis: ['contract', 'provider.ts', 'world', 'text'],
  findings: ['contract', 'provider.ts', 'world', 'text'],
  scenario: ['contract', 'provider.ts', 'world', 'runtime', 'text'],
  storage: ['world', 'runtime', 'text'],
  engine: ['scenario', 'outbox', 'contract', 'storage/port.ts', 'provider.ts', 'world', 'runtime', 'text'],
  pipeline: ['engine', 'scenario', 'outbox', 'contract', 'diagnosis', 'provider.ts', 'world', 'runtime', 'text'],
  telemetry: ['engine', 'scenario', 'contract', 'provider.ts', 'world', 'runtime', 'text'],
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
    'findings',
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
  explore: ['library', 'casefile', 'engine', 'scenario', 'provider.ts', 'world', 'runtime', 'text'],
  // It runs in a browser and knows the control API alone: what that takes and returns.
  console: ['library/wire.ts'],
  cli: [
    'explore',
    'library',
    'app.ts',
    'options.ts',
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
}

/** The part that a file belongs to: its folder, or itself. */
function partOf(path: string): string {
  return path.split('/')[1]!
}

/** Packages with one door. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  express: ['src/app.ts', 'src/control/router.ts', 'src/control/console.ts'],
  '@stoplight/prism-http': ['src/contract/sample-worker.ts'],
  '@stoplight/prism-core': ['src/contract/sample-worker.ts'],
  'json-schema-faker': ['src/contract/sample-worker.ts'],
  lowdb: ['src/storage/file/checkpoint.ts'],
  seedrandom: ['src/world/draws.ts'],
  'sorted-btree': ['src/world/group.ts'],
  '@streamparser/json': ['src/control/snapshot-body.ts'],
  'find-my-way': ['src/contract/paths.ts'],
  'ajv/dist/2020.js': ['src/contract/'],
  commander: ['src/cli/'],
  'prom-client': ['src/telemetry/metrics.ts'],
  preact: ['src/console/'],
  'preact/hooks': ['src/console/'],
  codemirror: ['src/console/'],
  '@codemirror/lang-yaml': ['src/console/'],
  '@codemirror/lint': ['src/console/'],
  'fastest-levenshtein': ['src/text/suggest.ts', 'src/diagnosis/hints.ts'],
}

describe('imports', () => {
  test.each(sources.map((source) => [source.path, source] as const))(
    '%s asks only whom it may',
    (path, { imports, text }) => {
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
      // Types alone leave nothing behind.
      if (path.startsWith('src/world/')) expect(nodeModules(text).filter((name) => name !== 'node:crypto')).toEqual([])
    },
  )

  test('no files import each other in a circle, types included', () => {
    expect(circles(sources)).toEqual([])
  })

  test('nothing but the door to durability asks the storage of a world', () => {
    const asking = sources.filter(
      ({ path, code }) => /\bworld\.storage\b|\{ storage \} = world/.test(code) && !path.startsWith('src/storage/'),
    )
    expect(asking.map(({ path }) => path)).toEqual(['src/engine/commit.ts'])
  })

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
    // What a script writes is as long as what it is written from.
    if (path !== 'src/library/wire.ts') expect(text.split('\n').length, 'lines').toBeLessThanOrEqual(400)
    expect(text).not.toMatch(/\b(TODO|FIXME|XXX|HACK|TEMPORARY)\b/)
    // A browser has no process; what the console copies may name that of whoever runs it.
    if (
      !path.startsWith('src/cli/') &&
      !path.startsWith('src/console/') &&
      // It ends the processes that it starts.
      path !== 'src/explore/command.ts'
    )
      expect(code, 'process belongs to the command line').not.toMatch(/\bprocess\.(?!nextTick)/)
    if (/^src\/(world|providers)\//.test(path)) {
      expect(code, 'no wall clock and no chance in the world').not.toMatch(
        /Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|performance\./,
      )
    }
    if (
      path !== 'src/runtime/timers.ts' &&
      !path.startsWith('src/cli/') &&
      !path.startsWith('src/console/') &&
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
    // The one file that asks again after a while.
    const own = ['test/tidy.test.ts', 'test/eventually.ts']
    for (const { path, code } of read('test').filter(({ path }) => !own.includes(path))) {
      expect(code, path).not.toMatch(/setTimeout\(|\.skip\(|\.only\(|\.todo\(|timers\/promises|performance\.now/)
      // Faults of processes and networks last, and follow each other, by real time.
      if (!path.startsWith('test/reach/'))
        expect(code, path).not.toMatch(/\{[^}]*\b(?:lasting|instant)\b[^}]*\} from '[./]+\/eventually\.ts'/)
    }
  })

  test('there are no drawers for odds and ends', () => {
    const names = sources
      .map(({ path }) => path)
      .filter((path) => /(utils?|helpers?|services?|types|middleware|common|misc)(\/|\.ts)/.test(path))
    expect(names).toEqual([])
  })
})
