// `sandgate explain`: one journal entry in words.
import type { Command } from 'commander'
import { askControl, controlUrl, type Place, placeFlags, tellRefusal } from './asking.ts'
import { explanationOf } from './explanation.ts'
import { entryNumber } from './flags.ts'
import { jsonOf } from './where.ts'

export function define(command: Command): void {
  placeFlags(command)
    .argument('<entry>', 'number of the journal entry; an answer has it in its header x-sandgate-entry', entryNumber)
    .option('--json', 'print the entry as the control API answers it')
    .action(explain)
}

// rule: sandgate.explain
async function explain(entry: number, flags: Place & { readonly json?: boolean }): Promise<void> {
  const answer = await askControl(flags, 'GET', `/journal/${entry}`)
  if (answer.status !== 200) return tellRefusal(answer.text)
  if (flags.json) return console.log(answer.text)
  const read = async (path: string) => {
    const { status, text } = await askControl(flags, 'GET', path)
    return status === 200 ? jsonOf(text) : undefined
  }
  console.log(await explanationOf(jsonOf(answer.text), `${controlUrl(flags)}/journal/${entry}`, read))
}
