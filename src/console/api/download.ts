// What the control API answers, as a file of whoever looks at the page.
import { call } from './client.ts'

/** Saves the answer of a path under a name. A link cannot send the token, so it is read first. */
export async function download(world: string, path: string, name: string): Promise<void> {
  const file = await (await call(world, path)).blob()
  const url = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
