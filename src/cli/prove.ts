// `sandgate prove`: runs the partner's command once in a world where the failure of a scenario file or of a case file happens, and says whether the command
// did as was expected, with a receipt for the ticket.
import { accessSync, constants, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { randomBytes } from 'node:crypto'
import { type Command, Option } from 'commander'
import { Unusable } from '../casefile/format.ts'
import { UsageError } from '../engine/errors.ts'
import { receiptOf } from '../explore/folder.ts'
import { type Injected, NothingToInject, readInjected } from '../explore/prove.ts'
import { run } from '../explore/run.ts'
import { UnreadableText } from '../text/reading.ts'
import { YamlError } from '../text/yaml.ts'
import { type DrivingFlags, driving, drivingFlags } from './driving.ts'
import { notEmpty } from './flags.ts'

interface Flags extends DrivingFlags {
  readonly expect: 'fail' | 'pass'
  readonly receipt?: string
  readonly seed?: string
}

export function define(command: Command): void {
  drivingFlags(command)
    .usage('FILE [flags] -- COMMAND...')
    .argument('<file>', 'scenario file, or case file (.json)')
    .argument('<command...>', 'what drives your integration, such as: npm test')
    .addOption(
      new Option('--expect <outcome>', 'fail: before the mistake is mended; pass: after')
        .choices(['fail', 'pass'])
        .default('pass'),
    )
    .option('--seed <seed>', 'of the world (default: that of the file, or sandgate)', notEmpty)
    .option('--receipt <file>', 'write the receipt there (default: print it)', notEmpty)
    .action(prove)
}

// rule: sandgate.prove
async function prove(file: string, command: readonly string[], flags: Flags): Promise<void> {
  const injected = injectedBy(file)
  if (flags.receipt !== undefined) checkReceipt(flags.receipt)
  const seed = flags.seed ?? injected.seed ?? 'sandgate'
  const { outcome, receipt } = await driving(flags, command, async (setting) => {
    const id = flags.url === undefined ? 'prove' : `prove-${randomBytes(3).toString('hex')}`
    const outcome = await run(setting, { id, seed, load: (world) => injected.load(world) })
    const unknown = outcome.failures.find(({ key }) => key === 'oracle:unreadable' || key === 'world')
    // Whether it did as was expected cannot be said then.
    if (unknown) throw new UsageError(unknown.says)
    const passed = outcome.failures.length === 0
    return {
      outcome,
      receipt: receiptOf(setting, { seed, scenario: injected.scenario }, outcome, {
        file,
        expected: flags.expect,
        passed,
        as_expected: passed === (flags.expect === 'pass'),
      }),
    }
  })
  process.stderr.write(outcome.output)
  const text = JSON.stringify(receipt, null, 2)
  if (flags.receipt === undefined) console.log(text)
  else writeReceipt(flags.receipt, text)
  const what = receipt.passed
    ? 'the command passed'
    : `it failed: ${receipt.failures.map(({ says }) => says).join('; ')}`
  console.error(`sandgate: ${what}; ${receipt.as_expected ? 'as expected' : `expected was: ${flags.expect}`}`)
  process.exitCode = receipt.as_expected ? 0 : 1
}

function injectedBy(file: string): Injected {
  try {
    return readInjected(file)
  } catch (error) {
    if (error instanceof NothingToInject || error instanceof YamlError) throw new UsageError(error.message)
    if (error instanceof Unusable || error instanceof UnreadableText)
      throw new UsageError(`${file}: ${error.message.split('\n')[0]}`)
    throw error
  }
}

/** Before the command is run, so that no receipt is lost. */
function checkReceipt(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK)
  } catch (error) {
    throw new UsageError(`--receipt ${file}: cannot be written: ${(error as Error).message}`)
  }
}

function writeReceipt(file: string, text: string): void {
  try {
    writeFileSync(file, `${text}\n`)
  } catch (error) {
    throw new UsageError(`--receipt ${file}: cannot be written: ${(error as Error).message}`)
  }
}
