// The door for `require('sandgate')`, and so for Jest, whose own module loader does not take a program of ES modules. The sandbox is loaded by
// Node's loader, whoever asks.
import type * as api from './index.ts' with { 'resolution-mode': 'import' }

export type * from './index.ts' with { 'resolution-mode': 'import' }
export type SandgateError = api.SandgateError
export type ControlError = api.ControlError

export declare const createSandbox: typeof api.createSandbox
export declare const connectSandbox: typeof api.connectSandbox
export declare const SandgateError: typeof api.SandgateError
export declare const ControlError: typeof api.ControlError
{
  const vm = require('node:vm') as typeof import('node:vm')
  const { pathToFileURL } = require('node:url') as typeof import('node:url')
  // Only in a context of its own, such as one of Jest's, does `import` not reach Node's loader: there Node's classes are not those of the context.
  const load: (file: string) => Promise<typeof api> =
    vm.Script instanceof Function
      ? (file) => import(file)
      : new vm.Script('(file) => import(file)', {
          importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
        }).runInThisContext()
  const door = () => load(pathToFileURL(`${__dirname}/index.js`).href)
  /** What the handles throw was made by another loader, and is one of these all the same. */
  class SandgateError extends Error {
    readonly status: number
    readonly code: string | undefined
    readonly problem: any

    constructor(status: number, message: string, problem: any) {
      super(message)
      this.name = 'SandgateError'
      this.status = status
      this.code = typeof problem?.code === 'string' ? problem.code : undefined
      this.problem = problem
    }

    static override [Symbol.hasInstance](error: any): boolean {
      return error?.name === 'SandgateError' && 'status' in error && 'problem' in error
    }
  }
  module.exports = {
    createSandbox: async (...args: Parameters<typeof api.createSandbox>) => (await door()).createSandbox(...args),
    connectSandbox: async (...args: Parameters<typeof api.connectSandbox>) => (await door()).connectSandbox(...args),
    SandgateError,
    ControlError: SandgateError,
  }
}
