import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    setupFiles: ['test/prism.ts'],
    // Nothing mutable lives at module level, so files may share a process; Prism, which takes seconds to import, is then loaded once a worker.
    isolate: false,
    maxWorkers: 2,
    sequence: { shuffle: true },
    reporters: ['default', 'json'],
    outputFile: { json: 'test/.report.json' },
    // Against hangs only: a slow machine may take its time.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
