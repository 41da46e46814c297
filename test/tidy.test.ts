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

/** Which files each part may import from inside the project. */
const INSIDE: readonly (readonly [part: RegExp, may: readonly RegExp[], ask: string])[] = [
  [/^src\/world\//, [/^src\/world\//], 'nothing: the world knows only itself'],
  [/^src\/provider\.ts$/, [/^src\/world\//], 'the world'],
  [
    /^src\/providers\/(\w+)\//,
    [/^src\/provider\.ts$/, /^src\/world\//, /^src\/providers\/$1\//],
    'provider.ts, the world, or its own folder',
  ],
  [
    /^src\/http\//,
    [/^src\/http\//, /^src\/world\//, /^src\/provider\.ts$/, /^src\/(redact|timers)\.ts$/],
    'http, the world, provider.ts, redact.ts or timers.ts',
  ],
  [
    /^src\/keep\//,
    [/^src\/keep\//, /^src\/world\//, /^src\/(reading|redact|timers)\.ts$/],
    'keep, the world, reading.ts, redact.ts or timers.ts',
  ],
  [/^src\/reading\.ts$/, [], 'nobody: it knows files and texts alone'],
  [
    /^src\/(control\/|import\/|sandbox\.ts|config\.ts|replay\.ts|player\.ts|flight\.ts|case-check\.ts|compare\.ts|renamed\.ts)/,
    [/^src\/(?!main\.ts|cli\/|providers\/)/],
    'anything but the command line and the providers',
  ],
  [/^src\/main\.ts$/, [/^src\/cli\/program\.ts$/], 'program.ts alone, so that an old Node reads nothing else'],
]

/** Packages with one door. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  express: ['src/sandbox.ts', 'src/control/control.ts'],
  '@stoplight/prism-http': ['src/http/sample-worker.ts'],
  '@stoplight/prism-core': ['src/http/sample-worker.ts'],
  'json-schema-faker': ['src/http/sample-worker.ts'],
  lowdb: ['src/keep/store.ts'],
  seedrandom: ['src/world/draws.ts'],
  'sorted-btree': ['src/world/group.ts'],
  '@streamparser/json': ['src/control/receiving.ts'],
  'find-my-way': ['src/http/paths.ts'],
  'ajv/dist/2020.js': ['src/http/contract.ts'],
  commander: ['src/cli/'],
}

describe('imports', () => {
  test.each(sources.map((source) => [source.path, source] as const))(
    '%s asks only whom it may',
    (path, { imports }) => {
      for (const [part, may, ask] of INSIDE) {
        const match = part.exec(path)
        if (!match) continue
        const allowed = may.map((pattern) => new RegExp(pattern.source.replace('$1', match[1] ?? '')))
        const wrong = imports.filter(
          (name) => name.startsWith('src/') && !allowed.some((pattern) => pattern.test(name)),
        )
        expect(wrong, `${path} may not import these; ask ${ask}`).toEqual([])
      }
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

  test('nothing imports a provider, and nothing but main the command line', () => {
    for (const { path, imports } of core)
      expect(
        imports.filter(
          (name) =>
            /^src\/(providers\/|main\.ts)/.test(name) ||
            (name.startsWith('src/cli/') && !/^src\/(cli\/|main\.ts)/.test(path)),
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
    if (!/^src\/(main\.ts|cli\/)/.test(path))
      expect(code, 'process belongs to the command line').not.toMatch(/\bprocess\.(?!nextTick)/)
    if (/^src\/(world|providers)\//.test(path)) {
      expect(code, 'no wall clock and no chance in the world').not.toMatch(
        /Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|performance\./,
      )
    }
    if (path !== 'src/timers.ts' && !path.startsWith('src/cli/') && /\bset(Immediate|Timeout|Interval)\b/.test(code)) {
      expect(source.imports, 'timers that a test may have replaced; timers.ts has the real ones').toContain(
        'src/timers.ts',
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
