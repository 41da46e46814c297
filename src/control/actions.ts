// `actions`: what people do on a provider's own pages, by payers and in dashboards.
import { z } from 'zod'
import { created, ok, type Routes, run } from './http.ts'

export const actionRoutes: Routes = {
  listActions: ({ engine, query }) =>
    ok({
      data: [...engine.providers.values()]
        .filter(({ name }) => query.provider === undefined || name === query.provider)
        .flatMap(({ name: provider, actions = {} }) =>
          Object.entries(actions).map(([name, { says, fields }]) => ({
            provider,
            name,
            says,
            fields: z.toJSONSchema(fields, { io: 'input', unrepresentable: 'any' }),
          })),
        ),
    }),
  runAction: async (request) => created(await run('runAction', request)),
}
