// `npm run chaos -- --minutes 30 --seed NAME`: faults of all kinds under load, for so long.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string' } } })
const env = { ...process.env, CHAOS_MINUTES: values.minutes, ...(values.seed && { CHAOS_SEED: values.seed }) }
spawn('npx', ['vitest', 'run', 'test/reach/chaos.test.ts', '--disable-console-intercept=true'], {
  stdio: 'inherit',
  env,
}).on('exit', (code) => (process.exitCode = code ?? 1))
