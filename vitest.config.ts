import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Against hangs only: a slow machine may take its time, and one of few cores more of it. */
const HANG_MS = 300_000 * Math.max(1, 8 / availableParallelism())

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build.ts', 'test/console/chromium.ts'],
    setupFiles: ['test/prism.ts'],
    // Nothing mutable lives at module level, so files may share a process; Prism, which takes seconds to import, is then loaded once a worker.
    isolate: false,
    maxWorkers: 2,
    sequence: { shuffle: true },
    reporters: ['default', 'json'],
    outputFile: { json: 'test/.report.json' },
    testTimeout: HANG_MS,
    hookTimeout: HANG_MS,
  },
})
