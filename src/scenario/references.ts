// Checks that everything a scenario names exists - providers, operations, errors - and that its regexes are not too expensive.
import type { Contract } from '../contract/contract.ts'
import type { Action } from './faults.ts'
import { regexOf, type When } from './match.ts'
import type { Provider } from '../provider.ts'
import { bounded, type Path, TOLD_MAX } from '../text/complaints.ts'
import { didYouMean } from '../text/suggest.ts'
import { namesWithRates } from '../world/rates.ts'
import { YamlError, type YamlText } from '../text/yaml.ts'
import type { TimelineAction } from './model.ts'

/** What the regexes of one file, or of one verify, may cost together, in RE2 instructions. */
export const REGEX_COST_MAX = 20_000

/** The providers a scenario can name, and their OpenAPI documents. */
export interface Known {
  readonly providers: ReadonlyMap<string, Provider>
  readonly contract: (provider: string) => Contract
}

/** Checks every name and every regex of a scenario. */
export class Names {
  readonly #text: YamlText
  readonly #known: Known
  readonly #told: string[] = []
  readonly #operations = new Map<string, Set<string>>()
  #wrong = 0
  #regexCost = 0

  constructor(text: YamlText, known: Known) {
    this.#text = text
    this.#known = known
  }

  done(): void {
    if (this.#wrong > 0) throw new YamlError(bounded(this.#told, this.#wrong))
  }

  rule(when: When, then: readonly Action[], path: Path): void {
    const at = [...path, 'when']
    const named = this.#provider(when.provider, [...at, 'provider'])
    if (when.operation !== undefined) this.#operation(named, when.operation, [...at, 'operation'])
    for (const part of ['body', 'headers', 'query', 'path'] as const) this.#regexes(when[part], [...at, part])
    for (const [index, action] of then.entries()) {
      if ('respond' in action) this.#error(named, action.respond.error, [...path, 'then', index, 'respond', 'error'])
      if ('callbacks' in action) this.#spoil(named, action.callbacks.how, [...path, 'then', index, 'callbacks', 'how'])
      if ('withdrawal' in action) this.#fate(named, action.withdrawal.outcome, [...path, 'then', index, 'withdrawal'])
    }
  }

  step(doing: TimelineAction, path: Path): void {
    const [name, what] = Object.entries(doing)[0]! as [string, { provider?: string }]
    const named = this.#provider(what.provider, [...path, name, 'provider'])
    if ('callbacks' in doing) this.#spoil(named, doing.callbacks.how, [...path, name, 'how'])
    if ('balance' in doing && named.some(({ ledger }) => !ledger))
      this.complain([...path, name, 'provider'], `${named[0]!.title} keeps no balances`)
    if ('rate' in doing) this.#rate(doing.rate, [...path, name])
    if (!('outage' in doing)) return
    if (doing.outage.operation !== undefined)
      this.#operation(named, doing.outage.operation, [...path, name, 'operation'])
    for (const action of doing.outage.then)
      if ('respond' in action) this.#error(named, action.respond.error, [...path, name, 'respond', 'error'])
  }

  /** The providers to which a rule may apply; none if the name is unknown, which is reported. */
  #provider(name: string | undefined, path: Path): Provider[] {
    const { providers } = this.#known
    if (name === undefined) return [...providers.values()]
    const provider = providers.get(name)
    if (!provider) this.complain(path, () => `there is no provider "${name}"${didYouMean(name, [...providers.keys()])}`)
    return provider ? [provider] : []
  }

  #operation(named: readonly Provider[], operation: string, path: Path): void {
    const ids = this.#operationsOf(named)
    if (named.length > 0 && !ids.has(operation))
      this.complain(
        path,
        () =>
          `${named.length > 1 ? 'no provider' : named[0]!.title} has ${named.length > 1 ? 'an' : 'no'} operation "${operation}"${didYouMean(operation, [...ids])}`,
      )
  }

  #operationsOf(named: readonly Provider[]): Set<string> {
    const names = named.map(({ name }) => name)
    const key = names.join()
    let ids = this.#operations.get(key)
    if (!ids)
      this.#operations.set(
        key,
        (ids = new Set(names.flatMap((name) => this.#known.contract(name).operations.map(({ id }) => id)))),
      )
    return ids
  }

  #error(named: readonly Provider[], error: string | undefined, path: Path): void {
    if (error === undefined) return
    const lacking = named.filter(({ refusals }) => !Object.hasOwn(refusals, error))
    if (lacking.length > 0)
      this.complain(
        path,
        () =>
          `${lacking.map(({ title }) => title).join(', ')} ${lacking.length > 1 ? 'have' : 'has'} no error "${error}"${didYouMean(error, Object.keys(lacking[0]!.refusals))}`,
      )
  }

  /** Reports a callback fault that the callbacks of none of these providers can have. */
  #spoil(named: readonly Provider[], how: string, path: Path): void {
    if (how === 'stale-timestamp' && named.length > 0 && !named.some(({ callbacks }) => callbacks?.dated))
      this.complain(path, `callbacks of ${named[0]!.title} have no timestamp that could be stale`)
  }

  /** Reports a name that nothing has a rate under. */
  #rate(rate: { readonly from: string; readonly to: string }, path: Path): void {
    const names = namesWithRates([...this.#known.providers.values()].flatMap(({ ledger }) => ledger?.codes ?? []))
    for (const field of ['from', 'to'] as const)
      if (!names.includes(rate[field]))
        this.complain(
          [...path, field],
          () => `nothing is called "${rate[field]}"${didYouMean(rate[field], [...names])}`,
        )
  }

  /** Reports an end that the withdrawals of none of these providers can have. */
  #fate(named: readonly Provider[], outcome: string, path: Path): void {
    const sending = named.filter(({ withdrawals }) => withdrawals)
    if (named.length > 0 && sending.length === 0)
      this.complain(path, `${named.map(({ title }) => title).join(', ')} sends nothing out in this version`)
    else if (outcome === 'declined' && sending.length > 0 && !sending.some(({ withdrawals }) => withdrawals!.reviews))
      this.complain(
        [...path, 'outcome'],
        `${sending.map(({ title }) => title).join(', ')} reviews no withdrawals, so none is declined; use failed`,
      )
  }

  #regexes(pattern: unknown, path: Path): void {
    if (typeof pattern === 'object' && pattern !== null)
      for (const [key, item] of Object.entries(pattern))
        this.#regexes(item, [...path, Array.isArray(pattern) ? Number(key) : key])
    // Compiling costs time, and enough errors are reported already.
    if (typeof pattern !== 'string' || this.#wrong >= TOLD_MAX) return
    try {
      this.#regexCost += regexOf(pattern)?.programSize() ?? 0
    } catch (error) {
      this.complain(path, `${(error as Error).message}; regexes are written in RE2 syntax`)
    }
    if (this.#regexCost > REGEX_COST_MAX) {
      this.complain(path, 'with this regex, the regexes of the file are too expensive; use fewer or shorter ones')
      this.done()
    }
  }

  /** Reports an error; a message that is expensive to make is made only if it is shown. */
  complain(path: Path, message: string | (() => string)): void {
    if (this.#wrong++ < TOLD_MAX)
      this.#told.push(this.#text.complaint(path, typeof message === 'string' ? message : message()))
  }
}
