// `sandgate coverage`: what a world, or all of them, was used for and what was never exercised; with a threshold for CI.
import type { Command } from 'commander'
import { UsageError } from '../engine/errors.ts'
import { coverageText } from '../text/coverage-text.ts'
import { askControl, type Place, placeFlags, refusalOf } from './asking.ts'
import { jsonOf } from './where.ts'

interface Flags extends Place {
  readonly all?: boolean
  readonly provider?: string
  readonly json?: boolean
  readonly failUnder?: number
}

export function define(command: Command): void {
  placeFlags(command)
    .option('--all', 'count all worlds of the process together, those that were deleted included')
    .option('--provider <provider>', 'this provider alone')
    .option('--json', 'print what the control API answers')
    .option('--fail-under <percent>', 'exit with 1 when less than this was exercised, such as 60 or 62.5', percent)
    .action(coverage)
}

// rule: sandgate.coverage.command
async function coverage(flags: Flags): Promise<void> {
  const { all, provider, json, failUnder, world } = flags
  if (all && world !== undefined)
    throw new UsageError('--all counts every world, so --world cannot be given with it: use one of them')
  const query = new URLSearchParams({
    view: 'json',
    ...(all && { worlds: 'all' }),
    ...(provider !== undefined && { provider }),
  })
  const { status, text } = await askControl(flags, 'GET', `/coverage?${String(query)}`)
  if (status !== 200) throw new UsageError(refusalOf(text) ?? `the sandbox answered ${status}`)
  const told = jsonOf(text)
  if (typeof told?.percent !== 'number')
    throw new UsageError('the sandbox that answered is of an older version, which tells no percentage: update it')
  console.log(json ? text : coverageText(told))
  if (failUnder === undefined || told.percent >= failUnder) return
  console.error(`sandgate: ${told.percent} % was exercised, --fail-under asks for ${failUnder} %`)
  process.exitCode = 1
}

function percent(given: string): number {
  const number = /^\d{1,3}(\.\d+)?$/.test(given) ? Number(given) : Number.NaN
  if (!(number <= 100)) throw new UsageError(`--fail-under ${given}: expected a number from 0 to 100, such as 60`)
  return number
}
