// The process's own timers, whatever a test has put in their place: a sandbox lives in the process of the test, and has to answer while the test's
// time stands still. Wall time is the test's own, so that its client and the sandbox agree on it.

// rule: sandgate.timers
export const setImmediate: typeof globalThis.setImmediate = real('setImmediate')
export const setTimeout: typeof globalThis.setTimeout = real('setTimeout')
export const clearTimeout: typeof globalThis.clearTimeout = real('clearTimeout')
export const setInterval: typeof globalThis.setInterval = real('setInterval')
export const clearInterval: typeof globalThis.clearInterval = real('clearInterval')

/** What the wall says at the moment of asking: a clock that a test sets later counts too. */
export function wallNow(): number {
  return Date.now()
}

/** The libraries behind Vitest, Jest and Sinon leave what they replace at the clock that they put there. */
function real<Name extends 'setImmediate' | 'setTimeout' | 'clearTimeout' | 'setInterval' | 'clearInterval'>(
  name: Name,
): (typeof globalThis)[Name] {
  const timer = globalThis[name] as any
  return timer.clock?.[`_${name}`] ?? timer
}
