// The control token, where the sandbox wants one: asked for once, kept for this tab alone, and never in the page.
import { Store } from '../state/store.ts'

const KEPT_AS = 'sandgate-control-token'

/** Whether somebody waits for the token to be typed in, and whether the last one was refused. */
export const asking = new Store<'no' | 'first' | 'again'>('no')

const waiting = new Set<() => void>()

export function token(): string | undefined {
  return sessionStorage.getItem(KEPT_AS) ?? undefined
}

/** Takes what was typed in, and lets everybody go on who waited for it. */
export function giveToken(text: string): void {
  sessionStorage.setItem(KEPT_AS, text)
  asking.set('no')
  for (const go of [...waiting]) go()
  waiting.clear()
}

/**
 * Resolves as soon as there is another token than the one that was refused.
 * @param refused what was sent; undefined: nothing
 */
export async function otherToken(refused: string | undefined): Promise<void> {
  if (token() !== refused) return
  asking.set(refused === undefined ? 'first' : 'again')
  await new Promise<void>((resolve) => waiting.add(resolve))
}

/** The headers of every call to the control API. */
export function authorization(): Record<string, string> {
  const known = token()
  return known === undefined ? {} : { authorization: `Bearer ${known}` }
}
