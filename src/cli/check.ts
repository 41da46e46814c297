// `sandgate check`: what is wrong with scenario files, without running them.
import type { Command } from 'commander'
import { checkFiles } from '../scenario/check.ts'
import { findProviders } from '../app.ts'
import { contractOf } from '../contract/contracts.ts'

export function define(command: Command): void {
  command
    .argument('<file...>', 'scenario files, checked as they would be loaded together')
    .action(async (files: string[]) => {
      const { errors, warnings, told } = checkFiles(files, { providers: await findProviders(), contract: contractOf })
      for (const line of told) console.log(line)
      for (const line of [...errors, ...warnings]) console.error(line)
      process.exitCode = errors.length > 0 ? 2 : warnings.length > 0 ? 1 : 0
    })
}
