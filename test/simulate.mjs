// `npm run simulate -- --seeds 1000 [--seed NAME]`: the simulation of the test suite over more seeds, or over one.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '100' }, seed: { type: 'string' } } })
const env = { ...process.env, SIMULATE_SEEDS: values.seeds, ...(values.seed && { SIMULATE_SEED: values.seed }) }
spawn('npx', ['vitest', 'run', 'test/simulation.test.ts'], { stdio: 'inherit', env }).on(
  'exit',
  (code) => (process.exitCode = code ?? 1),
)
