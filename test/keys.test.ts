// Names that every object has - toString, constructor, __proto__ - wherever a caller can put a name of his own: none of them is ever found.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfig } from '../src/cli/config.ts'
import { findProviders } from '../src/app.ts'
import { client as alphapo } from './clients/alphapo.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { client as payward } from './clients/payward.ts'
import { client as zopay } from './clients/zopay.ts'
import { type Client, type Kit, type Request, start } from './kit.ts'

const NAMES = ['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf']
const providers = await findProviders()
const folder = mkdtempSync(join(tmpdir(), 'sandgate-keys-'))
afterAll(() => rmSync(folder, { recursive: true }))

const control = (box: Kit, method: string, path: string, body?: string) =>
  box.raw(method, `/_sandgate${path}`, body === undefined ? {} : { 'content-type': 'application/json' }, body)

describe.each(NAMES)('sandgate.control.names: %s', (name) => {
  test.each<[method: string, path: string, body: string | undefined, status: number]>([
    ['POST', '/worlds', `{"assume":{"${name}":"x"}}`, 422],
    ['POST', '/worlds', `{"${name}":"x"}`, 422],
    ['POST', '/worlds', `{"from":"${name}"}`, 404],
    ['POST', '/worlds', `{"scenario":{"${name}":1}}`, 422],
    ['POST', '/worlds', `{"scenario":{"rules":[{"when":{"provider":"${name}"},"then":[{"delay":"1s"}]}]}}`, 422],
    ['DELETE', `/worlds/${name}`, undefined, 404],
    ['PUT', '/scenario', `{"rules":[{"when":{"operation":"${name}"},"then":[{"delay":"1s"}]}]}`, 422],
    ['PUT', '/scenario', `{"rules":[{"when":{"provider":"cpg"},"then":[{"respond":{"error":"${name}"}}]}]}`, 422],
    ['PUT', '/scenario', `{"rules":[{"when":{"provider":"cpg"},"then":[{"${name}":{}}]}]}`, 422],
    ['PUT', '/scenario', `{"timeline":[{"at":"1h","do":{"outage":{"provider":"${name}","for":"1m"}}}]}`, 422],
    ['POST', '/faults', `{"when":{"${name}":1},"then":[{"delay":"1s"}]}`, 422],
    ['POST', '/verify', `{"provider":"${name}","operation":"ping"}`, 422],
    ['POST', '/verify', `{"provider":"cpg","operation":"${name}"}`, 422],
    ['POST', '/verify', `{"provider":"cpg","operation":"ping","match":{"${name}":{}}}`, 422],
    [
      'POST',
      '/verify',
      `{"provider":"cpg","operation":"ping","after":{"provider":"cpg","operation":"ping","match":{"${name}":{}}}}`,
      422,
    ],
    ['PUT', `/callbacks/endpoints/${name}`, '{"url":"http://127.0.0.1:1/"}', 404],
    ...[...providers.values()]
      .filter(({ callbacks }) => callbacks)
      .flatMap((provider): [string, string, string, number][] => [
        ['PUT', `/callbacks/endpoints/${provider.name}`, `{"url":"http://127.0.0.1:1/","account":"${name}"}`, 404],
        ['PUT', `/callbacks/endpoints/${provider.name}`, `{"url":"http://127.0.0.1:1/","events":["${name}"]}`, 422],
      ]),
    ['POST', `/callbacks/${name}/redeliver`, undefined, 404],
    ['POST', '/deposits', `{"address":"${name}","amount":"1"}`, 404],
    ['POST', '/reset', `{"${name}":"x"}`, 422],
    ['PATCH', '/clock', `{"${name}":"x"}`, 422],
    ['GET', `/specs/${name}`, undefined, 404],
    ['GET', `/rules?${name}=x`, undefined, 422],
    ['GET', `/journal?provider=${name}`, undefined, 422],
    ['GET', `/journal?operation=${name}`, undefined, 422],
    ['GET', `/addresses?account=${name}`, undefined, 200],
    ['DELETE', `/faults/${name}`, undefined, 404],
  ])('%s %s %s', async (method, path, body, status) => {
    const box = await start()
    const reply = await control(box, method, path, body)
    expect([reply.status, reply.text]).toEqual([
      status,
      expect.not.stringMatching(/native code|is not a function|TypeError/),
    ])
    expect((await box.call(cpg, { method: 'GET', path: '/v1/_ping' })).status).toBe(200)
  })

  test('a body, headers and a query that are to match it match nothing that does not have it', async () => {
    const box = await start()
    for (const part of [
      `"body":{"${name}":"x"}`,
      `"body":{"metadata":{"${name}":{}}}`,
      `"headers":{"${name}":"x"}`,
      `"query":{"${name}":"x"}`,
      `"path":{"${name}":"x"}`,
    ]) {
      const loaded = await control(
        box,
        'PUT',
        '/scenario',
        `{"rules":[{"when":{"provider":"cpg",${part}},"then":[{"respond":{"error":"unavailable"}}]}]}`,
      )
      expect(loaded.status, loaded.text).toBe(200)
      expect((await box.call(cpg, allocation({ metadata: {} }))).status, part).toBe(200)
      const verified = await control(
        box,
        'POST',
        '/verify',
        `{"provider":"cpg","operation":"createDepositAddress","match":{${part}}}`,
      )
      expect(verified.json, part).toMatchObject({ ok: false, count: 0 })
    }
  })

  test('a config file that names it is refused with its place', () => {
    const file = join(folder, `${name}.yaml`)
    for (const text of [
      `${name}: 1`,
      `providers: { ${name}: {} }`,
      `assume: { ${name}: x }`,
      `callbacks: { ${name}: { url: "http://127.0.0.1" } }`,
      `limits: { ${name}: 1 }`,
    ]) {
      writeFileSync(file, `${text}\n`)
      expect(() => readConfig(file, providers), text).toThrow(new RegExp(`:1: .*${name}: unknown key`))
    }
  })

  test.each([cpg, zopay, payward, alphapo].map((client) => [client.name, client] as const))(
    'in any field of any call of %s it is a value like others',
    async (_, client: Client) => {
      const box = await start({ strict: false })
      for (const [operation, good] of Object.entries(client.good)) {
        for (const request of bent(good(), name)) {
          const reply = await box.call(client, request).catch((error: Error) => error)
          expect(
            reply instanceof Error ? reply.message : reply.status,
            `${operation} ${request.path} ${request.body}`,
          ).toSatisfy((status: unknown) => typeof status === 'number' && status < 500)
        }
      }
    },
  )
})

/** The same call with the name in the place of each value, beside the others, and in its query. */
function bent(request: Request, name: string): Request[] {
  const query = `${request.path}${request.path.includes('?') ? '&' : '?'}${name}=x`
  if (request.body === undefined) return [{ ...request, path: query }]
  const body = JSON.parse(request.body)
  const fields = Object.keys(body).map((field) => JSON.stringify({ ...body, [field]: name }))
  return [
    ...fields,
    request.body.replace(/^\{/, `{"${name}":"x",`),
    request.body.replace(/^\{/, `{"${name}":{"a":1},`),
  ].map((text) => ({ ...request, body: text }))
}
