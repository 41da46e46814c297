// The handle behind `world.clock`: each method is one call of the control API.
import type { Clock, World } from './sandbox.ts'

export function clockOf(world: World): Clock {
  const move = async (body: object) => void (await world.control('PATCH', '/clock', body))
  const text = (instant: string | Date) => (typeof instant === 'string' ? instant : instant.toISOString())
  return {
    now: async () => new Date((await world.control('GET', '/clock')).now),
    freeze: () => move({ mode: 'frozen' }),
    run: () => move({ mode: 'running' }),
    set: (to) => move({ now: text(to) }),
    advance: async (by) => {
      const body = typeof by === 'string' ? { by } : 'to' in by ? { to: text(by.to) } : by
      return (await world.control('POST', '/clock/advance', body)).happened
    },
  }
}
