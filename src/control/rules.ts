// `health`, `rules` and `specs`: what runs here, what is documented of the providers, and the documents in use.
import { SandgateError } from '../engine/errors.ts'
import { version } from '../runtime/package.ts'
import { didYouMean } from '../text/suggest.ts'
import { ok, type Routes } from './http.ts'

export const ruleRoutes: Routes = {
  // rule: sandgate.health.storage
  getHealth: ({ engine, world }) => {
    const problem = engine.commit.problem(world)
    if (problem !== undefined) throw new SandgateError('storage_unavailable', problem)
    return ok({ status: 'ok', version })
  },
  listRules: ({ rules, world, query }) => {
    const wanted = [...rules.all.values()].filter(
      (rule) => query.provider === undefined || rule.id.startsWith(`${query.provider}.`),
    )
    return ok({
      data: wanted.map(({ switch: values, ...rule }) => ({
        ...rule,
        ...(values && { switch: { values, on: world.assumes(rule.id) } }),
      })),
    })
  },
  getSpec: ({ engine, contract: own, params, headers }) => {
    const name = params.provider!
    if (name !== own.name && !engine.providers.has(name))
      throw new SandgateError(
        'provider_not_found',
        `there is no provider "${name}"${didYouMean(name, [...engine.providers.keys(), own.name])}`,
      )
    const contract = name === own.name ? own : engine.contract(name)
    return headers.accept?.includes('application/json')
      ? { status: 200, body: JSON.stringify(contract.document), type: 'application/json' }
      : { status: 200, body: contract.text, type: 'application/yaml' }
  },
}
