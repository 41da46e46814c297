// Sandboxes at the wall's own time, as processes that share a database have it, from where a test moves it on.
import type { SandboxOptions } from '../src/options.ts'
import { type Kit, start } from './kit.ts'

export async function startNow(options: SandboxOptions): Promise<Kit> {
  const now = Date.now()
  const hand: { box?: Kit } = {}
  const wall = () => hand.box?.wallMs ?? now
  const box = await start({ warn: () => undefined, wall, ...options })
  box.passWall(now - box.wallMs)
  hand.box = box
  return box
}
