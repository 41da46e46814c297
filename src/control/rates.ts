// `rates`: what currencies are worth, where a test needs one number.
import { currentRate } from '../engine/money.ts'
import { type Pin, Pins } from '../world/rates.ts'
import { NO_CONTENT, ok, type Routes, run } from './http.ts'

export const rateRoutes: Routes = {
  listRates: ({ world, query: { from, to } }) => {
    const pinned = world
      .list(Pins, 'all', '')
      .filter((row) => (from === undefined || row.from === from) && (to === undefined || row.to === to))
      .map(rateView)
    const moving =
      pinned.length === 0 && from !== undefined && to !== undefined
        ? currentRate(from.toUpperCase(), to.toUpperCase(), world)
        : undefined
    return ok({ data: moving === undefined ? pinned : [{ from, to, rate: moving, pinned: false }] })
  },
  pinRate: async (request) => ok(rateView(await run('pinRate', request))),
  unpinRates: async (request) => {
    await run('unpinRates', request)
    return NO_CONTENT
  },
}

function rateView({ from, to, rate }: Pin) {
  return { from, to, rate, pinned: true }
}
