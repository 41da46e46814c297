// Sandboxes at the wall's own time, as processes that share a database have it, from where a test moves it on.
import type { SandboxOptions } from '../src/options.ts'
import { type Kit, start } from './kit.ts'

export async function startNow(options: SandboxOptions): Promise<Kit> {
  const now = Date.now()
  let box: Kit | undefined
  const begun = await start({ warn: () => undefined, wall: () => (box ? box.wallMs : now), ...options })
  begun.passWall(now - begun.wallMs)
  box = begun
  return box
}
