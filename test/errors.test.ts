// Errors of the sandbox itself: every problem body has a stable code, and so has what the library throws.
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ERRORS } from '../src/engine/errors.ts'
import { connectSandbox, createSandbox, SandgateError } from '../src/library/index.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { start } from './kit.ts'

const SRC = new URL('../src/', import.meta.url).pathname

test.each([
  ['GET', '/nowhere', undefined, 'not_found'],
  ['POST', '/health', undefined, 'method_not_allowed'],
  ['POST', '/clock/advance', {}, 'invalid_request'],
  ['POST', '/clock/advance', { to: '2001-01-01T00:00:00Z' }, 'time_in_past'],
  ['POST', '/deposits', { address: '0xfA4e000000000000000000000000000000000000', amount: '1' }, 'unknown_address'],
  ['GET', '/journal/99', undefined, 'entry_not_found'],
  ['GET', '/specs/cgp', undefined, 'provider_not_found'],
  ['POST', '/callbacks/cb_9/redeliver', undefined, 'callback_not_found'],
  ['POST', '/callbacks/resume', { provider: 'cgp' }, 'provider_not_found'],
  ['PUT', '/callbacks/endpoints/cpg', { url: 'http://169.254.169.254/' }, 'invalid_request'],
  ['PUT', '/callbacks/endpoints/cpg', { url: 'http://127.0.0.1/', account: 'none' }, 'account_not_found'],
  ['DELETE', '/callbacks/endpoints/ep_9', undefined, 'endpoint_not_found'],
  ['PUT', '/scenario', { rulez: [] }, 'invalid_scenario'],
  ['POST', '/faults', { when: {}, then: [{ dance: 1 }] }, 'invalid_scenario'],
  ['DELETE', '/faults/fault-9', undefined, 'fault_not_found'],
  ['POST', '/worlds', { id: 'default' }, 'world_exists'],
  ['POST', '/worlds', { from: 'none' }, 'world_not_found'],
  ['DELETE', '/worlds/default', undefined, 'default_world'],
  ['DELETE', '/worlds/none', undefined, 'world_not_found'],
  ['POST', '/verify', { provider: 'cpg', operation: 'dance' }, 'invalid_request'],
] as const)('%s %s %j: the problem has the code %s', async (method, path, body, code) => {
  const { status, json } = await (await start()).control(method, path, body)
  expect(json).toMatchObject({ status, code, detail: expect.any(String) })
  expect(status).toBe(ERRORS[code][0])
})

test('what the library refuses by itself has the code that the control API would have answered', async () => {
  const sandbox = await createSandbox()
  onTestFinished(() => sandbox.close())
  sandbox.world('ci')
  const codeOf = async (call: () => unknown) => {
    const error = await (async () => call())().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(SandgateError)
    return (error as SandgateError).code
  }
  expect(await codeOf(() => createSandbox({ prot: 1 } as object))).toBe('invalid_request')
  expect(await codeOf(() => createSandbox({ clock: 'x' }))).toBe('invalid_request')
  expect(await codeOf(() => connectSandbox('nope'))).toBe('invalid_request')
  expect(await codeOf(() => sandbox.world('new', { clock: 'x' }))).toBe('invalid_request')
  expect(await codeOf(() => sandbox.world('ci', { seed: 'z' }))).toBe('world_exists')
  expect(await codeOf(() => sandbox.inbox({ provider: 'cgp' }))).toBe('provider_not_found')
  expect(await codeOf(() => sandbox.scenario('nofile.yaml'))).toBe('invalid_scenario')
})

test('what a deposit lacks has a code and, where there is one, a field', async () => {
  const box = await start()
  const { address } = (await box.call(cpg, allocation({}))).json.data
  const deposit = async (body: object) =>
    (await box.control('POST', '/deposits', { address, amount: '1', ...body })).json
  expect(await deposit({ amount: '0' })).toMatchObject({ code: 'deposit_impossible', status: 422 })
  expect(await deposit({ after: 'noon' })).toMatchObject({ code: 'invalid_request', status: 422 })
  expect(await deposit({ same_transaction_as: 'dep_9' })).toMatchObject({
    code: 'deposit_not_found',
    status: 404,
    field: 'same_transaction_as',
  })
})

test('outside of the control API, and for bytes that are no request, the problem has a code too', async () => {
  const box = await start()
  const nowhere = await box.raw('GET', '/nowhere')
  expect(nowhere.json).toMatchObject({ status: 404, code: 'not_found' })
  const world = await box.raw('GET', '/w/none/cpg/v1/_ping')
  expect(world.json).toMatchObject({ status: 404, code: 'world_not_found' })
  const { port, hostname } = new URL(box.url)
  const text = await new Promise<string>((resolve) => {
    let heard = ''
    const socket = connect(Number(port), hostname, () => socket.write('HELLO\r\n\r\n'))
    socket.on('data', (data) => (heard += String(data))).on('close', () => resolve(heard))
  })
  expect(JSON.parse(text.slice(text.indexOf('{')))).toMatchObject({ status: 400, code: 'http_error' })
})

test('the library throws a SandgateError with the code', async () => {
  const sandbox = await createSandbox()
  onTestFinished(() => sandbox.close())
  const error = await sandbox
    .deposit({ address: '0xfA4e000000000000000000000000000000000000', amount: '1' })
    .catch((thrown) => thrown)
  expect(error).toBeInstanceOf(SandgateError)
  expect(error).toMatchObject({ status: 404, code: 'unknown_address' })
})

test('every code is answered somewhere', () => {
  const code = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'engine/errors.ts')
    .map((name) => readFileSync(SRC + name, 'utf8'))
    .join('\n')
  expect(Object.keys(ERRORS).filter((name) => !code.includes(`'${name}'`))).toEqual([])
})
