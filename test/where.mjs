// `npm run where -- cpg.deposits.sticky`: where a rule stands, the code that keeps it, the test that proves it; or that nothing does.
import { spawnSync } from 'node:child_process'

const { status } = spawnSync(
  'grep',
  [
    '-rn',
    '--include=*.ts',
    '--include=*.yaml',
    '--exclude-dir=node_modules',
    '--exclude-dir=dist',
    ...process.argv.slice(2),
    '.',
  ],
  { stdio: 'inherit' },
)
if (status === 1) console.error(`nothing names ${process.argv.slice(2).join(' ')}`)
process.exitCode = status ?? 2
