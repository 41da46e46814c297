// The door for `require('sandgate')`, and so for Jest, whose own module loader does not take a program of ES modules. The sandbox is loaded by
// Node's loader, whoever asks.
export declare const createSandbox: typeof import('./index.ts', { with: { 'resolution-mode': 'import' } }).createSandbox
{
  const { constants, Script } = require('node:vm') as typeof import('node:vm')
  const { pathToFileURL } = require('node:url') as typeof import('node:url')
  const load = new Script('(file) => import(file)', { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER }).runInThisContext()
  module.exports = {
    createSandbox: async (options: object) => (await load(pathToFileURL(`${__dirname}/index.js`).href)).createSandbox(options),
  }
}
