// @ts-check
// `npm run check`: format, lint, types and the rules of the source tree. Runs every step, shows the output of those that fail, and names them at the end.
import { spawnSync } from 'node:child_process'

/** @type {readonly (readonly [name: string, command: string, ...args: string[]])[]} */
const STEPS = [
  ['format', 'oxfmt', '--check'],
  ['lint', 'oxlint', '--deny-warnings'],
  // The build has a record of its own in dist/, so that a clean dist/ is always built whole.
  ['types of src', 'tsc', '-p', '.', '--noEmit', '--tsBuildInfoFile', 'node_modules/.cache/src.tsbuildinfo'],
  ['types of the console', 'tsc', '-p', 'src/console'],
  ['types of test', 'tsc', '-p', 'test'],
  ['types of test/console', 'tsc', '-p', 'test/console'],
  ['types of examples', 'tsc', '-p', 'examples/shop'],
  ['source tree', 'vitest', 'run', '--config', 'vitest.unit.config.ts', 'test/tidy.test.ts'],
]

const failed = STEPS.filter(([name, command, ...args]) => {
  const begun = performance.now()
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: Infinity,
    shell: process.platform === 'win32',
  })
  const seconds = ((performance.now() - begun) / 1000).toFixed(1).padStart(5)
  if (status !== 0) console.log(stdout + stderr + (error ? `${command}: ${error.message}` : ''))
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${seconds} s  ${name}: ${command} ${args.join(' ')}`)
  return status !== 0
})
if (failed.length > 0) console.error(`check failed: ${failed.map(([name]) => name).join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
