// The door for `require('sandgate')`, and so for Jest, whose own module loader does not take a program of ES modules. The sandbox is loaded by
// Node's loader, whoever asks.
import type * as api from './index.ts' with { 'resolution-mode': 'import' }

export type ArmedRule = api.ArmedRule
export type CallMatch = api.CallMatch
export type Clock = api.Clock
export type ConnectOptions = api.ConnectOptions
export type Delivery = api.Delivery
export type Deposit = api.Deposit
export type DepositWish = api.DepositWish
export type Endpoint = api.Endpoint
export type Entry = api.Entry
export type Faults = api.Faults
export type HandOut = api.HandOut
export type Happened = api.Happened
export type Inbox = api.Inbox
export type InboxOptions = api.InboxOptions
export type Provider = api.Provider
export type Providers = api.Providers
export type Received = api.Received
export type Sandbox = api.Sandbox
export type SandboxOptions = api.SandboxOptions
export type VerifyWish = api.VerifyWish
export type WithProviders<Handle> = api.WithProviders<Handle>
export type World = api.World

export type ControlError = api.ControlError

export declare const createSandbox: typeof api.createSandbox
export declare const connectSandbox: typeof api.connectSandbox
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
  module.exports = {
    createSandbox: async (...args: Parameters<typeof api.createSandbox>) => (await door()).createSandbox(...args),
    connectSandbox: async (...args: Parameters<typeof api.connectSandbox>) => (await door()).connectSandbox(...args),
    /** What the handles throw was made by another loader, and is one of these all the same. */
    ControlError: class ControlError extends Error {
      static override [Symbol.hasInstance](error: any): boolean {
        return error?.name === 'ControlError' && 'status' in error && 'problem' in error
      }
    },
  }
}
