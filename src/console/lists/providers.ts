// What there is to choose from: the providers of this sandbox.
import type { World } from '../api/shapes.ts'
import { useRead } from '../api/use.ts'
import { DEFAULT_WORLD } from '../router.ts'

/** The names of the providers, and their base URLs in a world. */
export function useProviders(world: string): {
  readonly names: readonly string[]
  readonly urls: Readonly<Record<string, string>>
} {
  const { value } = useRead<{ data: readonly World[] }>(DEFAULT_WORLD, '/worlds')
  const urls = (value?.data.find(({ id }) => id === world) ?? value?.data[0])?.base_urls ?? {}
  return { names: Object.keys(urls), urls }
}
