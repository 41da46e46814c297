// `node deploy/wire-types.mjs` writes the types that the library takes and returns: src/library/wire.ts from specs/sandgate.yaml and
// src/library/scenario-file.ts from the schema of scenario files, as `npm run build` left it in dist. With `--check` it writes nothing, and fails where
// one of them is out of date.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import ts from 'typescript5'
import { parse } from 'yaml'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const { paths, components } = parse(readFileSync(join(ROOT, 'specs/sandgate.yaml'), 'utf8'))
const scenario = JSON.parse(readFileSync(join(ROOT, 'dist/scenario.schema.json'), 'utf8'))

const { ScenarioFile: _file, RuleWritten: _rule, ...named } = components.schemas
const bodyOf = (message) => message.content['application/json'].schema

const FILES = {
  'wire.ts': {
    about: 'What the control API takes and returns, made from specs/sandgate.yaml by `node deploy/wire-types.mjs`.',
    schemas: {
      ...named,
      // Shapes that the document has in one place only, and so has no name for.
      DepositInput: bodyOf(paths['/deposits'].post.requestBody),
      BalanceInput: bodyOf(paths['/balances'].post.requestBody),
      SettleInput: bodyOf(paths['/withdrawals/{id}/settle'].post.requestBody),
      RateInput: bodyOf(paths['/rates'].put.requestBody),
      VerifyInput: bodyOf(paths['/verify'].post.requestBody),
      Verdict: bodyOf(paths['/verify'].post.responses['200']),
      Attempt: named.Delivery.properties.attempts.items,
      ScenarioState: bodyOf(components.responses.Scenario),
    },
  },
  'scenario-file.ts': {
    about:
      'What people write into scenario files, made from the schema in src/scenario/schema.ts by `node deploy/wire-types.mjs`.',
    schemas: {
      Rule: scenario.properties.rules.items,
      Step: scenario.properties.timeline.items,
      Scenario: {
        ...scenario,
        properties: {
          ...scenario.properties,
          rules: { type: 'array', items: { $ref: '#/components/schemas/Rule' } },
          timeline: { type: 'array', items: { $ref: '#/components/schemas/Step' } },
        },
      },
    },
  },
}

const cache = join(ROOT, 'node_modules/.cache')
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, 'wire-types-'))
try {
  const { default: openapiTs, astToString } = await generator()
  for (const [name, { about, schemas }] of Object.entries(FILES)) {
    const document = {
      openapi: '3.1.0',
      info: { title: name, version: '1' },
      paths: {},
      components: { schemas: mapValues(schemas, open) },
    }
    const nodes = await openapiTs(document, {
      immutable: true,
      defaultNonNullable: false,
      silent: true,
      transformProperty: orUndefined,
    })
    const types = nodes.filter((node) => node.name?.text === 'components')
    types[0].members = ts.factory.createNodeArray(types[0].members.filter(({ name }) => name.text === 'schemas'))
    const made = formatted(`// ${about}\n\n${astToString(types)}`, name)
    const file = join(ROOT, 'src/library', name)
    if (!process.argv.includes('--check')) writeFileSync(file, made)
    else if (readFileSync(file, 'utf8') !== made) {
      console.error(`src/library/${name} is out of date: npm run build && node deploy/wire-types.mjs`)
      process.exitCode = 1
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}

/** openapi-typescript, with the compiler that it was written for: version 7 of TypeScript has no such interface any more. */
async function generator() {
  const outfile = join(folder, 'openapi-typescript.mjs')
  await build({
    absWorkingDir: ROOT,
    stdin: { contents: `export { astToString, default } from 'openapi-typescript'`, resolveDir: ROOT },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    alias: { typescript: 'typescript5' },
    external: ['typescript5', '@redocly/openapi-core'],
    logLevel: 'warning',
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)",
    },
  })
  return import(pathToFileURL(outfile).href)
}

/** An object of which the schema says nothing has any keys; the generator would give it none. */
function open(schema) {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map(open)
  const says = ['properties', 'additionalProperties', '$ref', 'oneOf', 'anyOf'].some((key) => key in schema)
  return { ...mapValues(schema, open), ...(schema.type === 'object' && !says && { additionalProperties: true }) }
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))
}

/** A property that may be left out may be undefined as well, as options in JavaScript often are. */
function orUndefined(property) {
  if (!property.questionToken) return property
  const type = ts.factory.createUnionTypeNode([
    property.type,
    ts.factory.createKeywordTypeNode(ts.SyntaxKind.UndefinedKeyword),
  ])
  return ts.factory.updatePropertySignature(property, property.modifiers, property.name, property.questionToken, type)
}

/** As `npx oxfmt` leaves it, so that nobody's formatter makes it out of date. */
function formatted(text, name) {
  const oxfmt = join(ROOT, 'node_modules/oxfmt/bin/oxfmt')
  const file = join(folder, name)
  writeFileSync(file, text)
  const { status, stderr } = spawnSync(process.execPath, [oxfmt, '-c', join(ROOT, '.oxfmtrc.json'), file], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return readFileSync(file, 'utf8')
}
