// `faults`: rules of a scenario that are armed one by one, at run time.
import { armedRules } from '../engine/scenarios.ts'
import { ruleView } from '../scenario/runtime.ts'
import { created, NO_CONTENT, ok, type Routes, run } from './http.ts'

export const faultRoutes: Routes = {
  armFault: async (request) => created(ruleView(await run('armFault', request))),
  listFaults: ({ world }) => ok({ data: armedRules(world).map(ruleView) }),
  disarmFaults: async (request) => {
    await run('disarmFaults', request)
    return NO_CONTENT
  },
  disarmFault: async (request) => {
    await run('disarmFault', request)
    return NO_CONTENT
  },
}
