// The error of the library: a call of the control API that was refused, or an option that is wrong.

/**
 * Thrown by every function and handle of the library for what the caller can mend: options that are not valid, and calls that the control API refused.
 * A bug, a connection that fails and a sandbox that is closed are plain `Error`s.
 *
 * @example
 * try {
 *   await sandbox.deposit({ address: 'nowhere', amount: '1' })
 * } catch (error) {
 *   if (error instanceof SandgateError && error.status === 404) console.log(error.code, error.message)
 * }
 */
export class SandgateError extends Error {
  /** The HTTP status of the answer. 422 where an option was refused before anything was sent. */
  readonly status: number
  /** The stable `code`, for programs: that of the problem, or what the control API would have answered. Undefined where the answer had none. */
  readonly code: string | undefined
  /** The body of the answer as it was sent, `application/problem+json`. Undefined where there was none. */
  readonly problem: any

  constructor(status: number, message: string, problem: any, code: unknown = problem?.code) {
    super(message)
    this.name = 'SandgateError'
    this.status = status
    this.code = typeof code === 'string' ? code : undefined
    this.problem = problem
  }
}

/** @deprecated The former name of `SandgateError`: the same class. */
export const ControlError = SandgateError
/** @deprecated The former name of `SandgateError`: the same class. */
export type ControlError = SandgateError
