// `npm run test:unit`: the tests for the hand, in seconds. CONTRIBUTING.md says by which rule a file is among them.
import { readdirSync, readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import all from './vitest.config.ts'

const TEST = new URL('./test/', import.meta.url)

/** Files that start no process, and play, draw or restart so much that they take too long for the hand all the same. */
const LONG = [
  'addresses.test.ts',
  'callbacks.test.ts',
  'control.test.ts',
  'coverage-catalogues.test.ts',
  'docs.test.ts',
  'findings.careful.test.ts',
  'findings.sessions.test.ts',
  'findings.test.ts',
  'hints.test.ts',
  'http.test.ts',
  'import/curl.test.ts',
  'import/har.test.ts',
  'import/hostile.test.ts',
  'input.test.ts',
  'junk.test.ts',
  'keys.test.ts',
  'overlaps.test.ts',
  'providers/alphapo.test.ts',
  'providers/alphapo.deposits.test.ts',
  'providers/cpg.balances.test.ts',
  'providers/cpg.money.test.ts',
  'providers/cpg.references.test.ts',
  'providers/cpg.test.ts',
  'providers/cpg.withdrawals.test.ts',
  'providers/payward.test.ts',
  'providers/payward.deposits.test.ts',
  'providers/payward.money.test.ts',
  'providers/zopay.test.ts',
  'providers/zopay.deposits.test.ts',
  'rows.test.ts',
  'sample.test.ts',
  'scenario.test.ts',
  'scenarios/stories.test.ts',
  'secrets.test.ts',
  'shop.test.ts',
  'simulation.test.ts',
  'slices.test.ts',
  'values.test.ts',
  'waiting.test.ts',
  'worlds.test.ts',
]

/** Every file of tests, as a path below `test`, that is in. */
export const UNIT = readdirSync(TEST, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.test.ts') && !LONG.includes(path))
  .filter(
    (path) =>
      !/'(node:child_process|\.{1,2}\/command-line\.ts|\.\/browser\.ts|(?:\.{1,2}\/)+(?:postgres|cluster|node)\.ts)'/.test(
        readFileSync(new URL(path, TEST), 'utf8'),
      ),
  )

export default defineConfig({
  test: {
    ...all.test,
    include: UNIT.map((path) => `test/${path}`),
    // What is tested is the source: dist/ is not built, and Prism, which takes seconds to load, is not asked for its opinion.
    globalSetup: [],
    setupFiles: [],
    reporters: ['default'],
  },
})
