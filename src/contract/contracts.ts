// The OpenAPI documents of this package, each read once: they do not change while a process runs, and compiling them is what makes a start slow.
import { inPackage } from '../runtime/package.ts'
import { Contract } from './contract.ts'
import { Rules } from './rules.ts'

const SPECS = inPackage('specs/')

const contracts = new Map<string, Contract>()

/** The document of a provider, or of the control API, which is `sandgate`. */
export function contractOf(name: string): Contract {
  let contract = contracts.get(name)
  if (!contract) contracts.set(name, (contract = new Contract(name, `${SPECS}${name}.yaml`)))
  return contract
}

/** The documented rules of every provider. */
export const rules = new Rules(SPECS)
