// `npm run build`: makes `dist`, everything that the package and the image run. Bundles the program and its dependencies, and writes the declarations of
// the library, the page of the console, the parsed documents, the JSON Schemas and the licences of what was bundled. It ships nothing of itself, so it is not in src.
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { bundleConsole } from './console.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(ROOT, 'dist')
const DECLARATIONS = join(DIST, 'declarations')
const STEPS = join(DIST, 'steps.js')

/**
 * Other files of two packages that Prism takes. Of the random values in every language, which samples draw none of, the English ones are a tenth. And what
 * jsonc-parser gives to CommonJS loads its parts in a way that no bundler can follow.
 */
const INSTEAD = {
  '@faker-js/faker': '@faker-js/faker/locale/en',
  'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
}
const instead = {
  name: 'instead',
  setup(building) {
    building.onResolve({ filter: /^(@faker-js\/faker|jsonc-parser)$/ }, ({ path, kind, resolveDir }) =>
      building.resolve(INSTEAD[path], { kind, resolveDir }),
    )
  },
}

/** Packages in CommonJS call `require` for modules of Node. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)"

const BUNDLED = {
  absWorkingDir: ROOT,
  outdir: DIST,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Names and lines stay, so that a stack trace can be read even without the maps.
  minify: false,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  banner: { js: REQUIRE },
}

rmSync(DIST, { recursive: true, force: true })
const [program, sampler, page] = await Promise.all([
  bundleProgram(),
  bundleSampler(),
  bundleConsole(ROOT, join(DIST, 'console')),
  requirable(),
  declare(),
])
publishDeclarations()
// An old Node is to read main.js, which tells it so, and nothing else. Its lines stay where its map has them.
const main = join(DIST, 'main.js')
writeFileSync(main, readFileSync(main, 'utf8').replace(REQUIRE, '\n'))
writeFileSync(join(DIST, 'THIRD-PARTY-LICENSES.txt'), licences([program, sampler, page]))
const { copyDocuments, writeSchemas } = await import(pathToFileURL(STEPS).href)
copyDocuments(join(ROOT, 'specs/'))
await writeSchemas()
for (const file of [STEPS, `${STEPS}.map`]) rmSync(file)
chmodSync(main, 0o755)

/** Bundles the command line, the library and every provider that has a folder. Returns what went into it. */
async function bundleProgram() {
  const providers = readdirSync(join(ROOT, 'src/providers'))
  const { metafile } = await build({
    ...BUNDLED,
    entryPoints: {
      main: 'src/cli/main.ts',
      index: 'src/library/index.ts',
      ...Object.fromEntries(providers.map((name) => [`providers/${name}/index`, `src/providers/${name}/index.ts`])),
      steps: 'deploy/steps.mjs',
      // Not in the package. Checks of a built checkout read OpenAPI documents with it, from this path.
      'http/contract': 'src/contract/contract.ts',
    },
    chunkNames: 'chunks/[name]-[hash]',
    // A chunk for each set of entry points and commands that share it: what is loaded is what is needed.
    splitting: true,
    sourcemap: 'linked',
    sourcesContent: false,
  })
  return metafile
}

/** Bundles the thread that makes samples, with Prism. Nobody reads a stack trace of it, so it has no map. */
async function bundleSampler() {
  const entryPoints = { 'contract/sample-worker': 'src/contract/sample-worker.ts' }
  const { metafile } = await build({ ...BUNDLED, entryPoints, plugins: [instead] })
  return metafile
}

/** What `require('sandgate')` loads. */
async function requirable() {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/library/require.cts'],
    outfile: join(DIST, 'require.cjs'),
    target: 'node20.19',
    logLevel: 'warning',
    // What it exports in the syntax of ES modules is declarations alone.
    logOverride: { 'commonjs-variable-in-esm': 'silent' },
  })
}

/** Checks the types of the whole program, and writes its declarations to a place of their own. */
async function declare() {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const flags = ['--emitDeclarationOnly', '--incremental', 'false', '--outDir', DECLARATIONS]
  await promisify(execFile)(process.execPath, [tsc, '-p', ROOT, ...flags]).catch(({ stdout, stderr }) => {
    console.error(stdout + stderr)
    process.exit(1)
  })
}

/** Ships the declarations of both doors of the library, and those that they import. */
function publishDeclarations() {
  const library = join(DECLARATIONS, 'library')
  const wanted = new Set(['index.d.ts', 'require.d.cts'])
  for (const name of wanted) {
    const text = readFileSync(join(library, name), 'utf8')
    for (const [, from] of text.matchAll(/\b(?:from |import\()['"]([^'"]+)['"]/g)) {
      if (from.startsWith('node:')) continue
      const file = from.replace(/\.ts$/, '.d.ts').replace(/^\.\//, '')
      if (!/^[\w-]+\.d\.ts$/.test(file))
        throw new Error(
          `src/library: ${name} is shipped and imports "${from}"; public types must not leave src/library`,
        )
      wanted.add(file)
    }
    writeFileSync(join(DIST, name), text.replace(/(from ['"]\.\/[\w-]+)\.ts(?=['"])/g, '$1.js'))
  }
  rmSync(DECLARATIONS, { recursive: true })
}

/** Name, version, licence and its text of every package that was bundled. */
function licences(metafiles) {
  const folders = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.keys(inputs))
    .flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [])
  const parts = new Map()
  for (const folder of new Set(folders)) {
    const { name, version, license, author } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
    // Packages that are bundles themselves have the licences of others beside the bundle.
    const texts = ['', ...(existsSync(join(ROOT, folder, 'dist')) ? ['dist'] : [])].flatMap((within) =>
      readdirSync(join(ROOT, folder, within))
        .filter((file) => (within === '' ? /^(licen[cs]e|notice|copying)/i : /\.licen[cs]e\.txt$/i).test(file))
        .map((file) => readFileSync(join(ROOT, folder, within, file), 'utf8').trim()),
    )
    const holder = typeof author === 'string' ? author : author?.name
    const head = [`${name} ${version}`, `License: ${license ?? 'see below'}`, ...(holder ? [`Author: ${holder}`] : [])]
    parts.set(`${name} ${version}`, [head.join('\n'), ...texts].join('\n\n'))
  }
  const rule = `\n\n${'-'.repeat(80)}\n\n`
  const intro = 'The files in this folder contain the following packages, each under its own license.'
  return `${[intro, ...[...parts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)].join(rule)}\n`
}
