import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Against hangs only: a slow machine may take its time, and one of few cores more of it. */
const HANG_MS = 300_000 * Math.max(1, 8 / availableParallelism())

/** Files that take longest. They begin first, so that none of them is left alone at the end; the others follow in an order drawn from the seed. */
const LONGEST = [
  'simulation',
  'docs',
  'shop',
  'cli',
  'reach/network',
  'rows',
  'reach/crash',
  'reach/chaos',
  'reach/sharing',
  'pack',
  'replay',
  'console/page',
  'console/copies',
  'console/hand',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { seed } = this.ctx.config.sequence
    const place = ({ moduleId }: TestSpecification) => {
      const long = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      if (long !== -1) return `0 ${long}`
      return `1 ${createHash('sha256').update(`${seed} ${moduleId}`).digest('hex')}`
    }
    return files.toSorted((a, b) => (place(a) < place(b) ? -1 : 1))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build.ts', 'test/console/chromium.ts'],
    setupFiles: ['test/prism.ts'],
    // Nothing mutable lives at module level, so files may share a process; Prism, which takes seconds to import, is then loaded once a worker.
    isolate: false,
    maxWorkers: 2,
    sequence: { shuffle: { tests: true }, sequencer: LongestFirst },
    reporters: ['default', 'json'],
    outputFile: { json: 'test/.report.json' },
    testTimeout: HANG_MS,
    hookTimeout: HANG_MS,
  },
})
