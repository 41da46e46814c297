// The library: `createSandbox` and `connectSandbox` for tests, the handles that they return, and the error that they throw.
import type { ConnectOptions, Sandbox, SandboxOptions, WithProviders } from './api.ts'
import { connect } from './connect.ts'
import { openSandbox } from './create.ts'

export type * from './api.ts'
export { ControlError, SandgateError } from './errors.ts'

/**
 * Makes a sandbox in this process. Nothing listens unless `port` is given; calls go through `sandbox.fetch` and `sandbox.cpg.fetch`.
 * Rejects with a `SandgateError` of status 422 where an option is wrong, and with an `Error` where the port is taken or the directory is in use.
 *
 * @example
 * await using sandbox = await createSandbox({ clock: '2026-05-16T19:00:00Z' })
 * const answer = await sandbox.cpg.fetch('/v1/_ping')
 */
export function createSandbox(options: SandboxOptions = {}): Promise<WithProviders<Sandbox>> {
  return openSandbox(options)
}

/**
 * The handles of a sandbox that runs elsewhere, in a container or shared by many. Rejects with a `SandgateError` where an option is wrong or the token is
 * refused, and with an `Error` where nothing answers at the URL.
 *
 * @example
 * const sandbox = await connectSandbox('http://127.0.0.1:4010', { world: 'ci-42' })
 */
export function connectSandbox(url: string | URL, options: ConnectOptions = {}): Promise<WithProviders<Sandbox>> {
  return connect(url, options)
}
