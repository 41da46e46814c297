// The handle behind `world.checkpoints`: each method is one call of the control API.
import type { Checkpoints } from './checkpoints.ts'

/** What a world's handle offers. */
interface Asking {
  control(method: string, path: string, body?: unknown): Promise<any>
}

export function checkpointsOf(world: Asking): Checkpoints {
  const path = (name: string) => `/checkpoints/${encodeURIComponent(name)}`
  return {
    make: (name) => world.control('PUT', path(name)),
    list: async () => (await world.control('GET', '/checkpoints')).data,
    changes: (name, limit) =>
      world.control('GET', `${path(name)}/changes${limit === undefined ? '' : `?limit=${limit}`}`),
    rewind: (name) => world.control('POST', `${path(name)}/rewind`),
    remove: (name) => world.control('DELETE', path(name)),
  }
}
