// A document that no provider here has: what OpenAPI 3.0 and 3.1 allow is honoured, what the router or the judge cannot honour is refused with the file
// and the place. The documents are written as real ones are.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Contract, type Judged } from '../src/contract/contract.ts'

let folder: string
let number = 0
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'contracts-'))))
afterAll(() => rmSync(folder, { recursive: true }))

const OK = { 200: { description: 'ok' } }

/** An operation without a body; its path values are declared as any text unless `more` says otherwise. */
function operation(operationId: string, values: readonly string[] = [], more: object = {}): object {
  return {
    operationId,
    parameters: values.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    responses: OK,
    ...more,
  }
}

function written(document: object): string {
  const file = join(folder, `document-${number++}.yaml`)
  writeFileSync(file, JSON.stringify(document))
  return file
}

function contract(paths: object, more: object = {}): Contract {
  return new Contract('fifth', written({ openapi: '3.1.0', info: { title: 'Fifth', version: '1' }, paths, ...more }))
}

/** Why it is refused. */
function refusal(paths: object, more: object = {}): string {
  const file = written({ openapi: '3.1.0', info: { title: 'Fifth', version: '1' }, paths, ...more })
  try {
    void new Contract('fifth', file)
  } catch (error) {
    expect((error as Error).message).toContain(file)
    return (error as Error).message.replace(`${file}: `, '')
  }
  return 'nothing'
}

const found = (made: Contract, path: string, method = 'GET') => {
  const match = made.match(method, path)
  return match && [match.operation.id, match.params]
}

const NOTHING: Judged = { params: {}, query: undefined, headers: {}, content: { kind: 'none' } }

/** What is wrong with a call of the only operation, in short. */
function judged(made: Contract, call: Partial<Judged>): string[] {
  return made
    .judgeCall(made.operations[0]!, { ...NOTHING, ...call })
    .map(({ in: where, at, keyword }) => [where, ...at, keyword].join(' '))
}

const json = (value: unknown): Partial<Judged> => ({
  headers: { 'content-type': 'application/json' },
  content: { kind: 'json', value },
})

/** One operation whose body has this schema. */
const taking = (schema: object, more: object = {}) =>
  contract(
    { '/a': { post: operation('a', [], { requestBody: { content: { 'application/json': { schema } } } }) } },
    more,
  )
/** One operation with this query parameter. */
const asking = (parameter: object, more: object = {}) =>
  contract({ '/a': { get: operation('a', [], { parameters: [{ name: 'p', in: 'query', ...parameter }] }) } }, more)
/** One operation that answers with this schema. */
const answering = (schema: object, more: object = {}) =>
  contract(
    {
      '/a': {
        get: operation('a', [], {
          responses: { 200: { description: 'ok', content: { 'application/json': { schema } } } },
        }),
      },
    },
    more,
  )
const answered = (made: Contract, body: unknown, status = 200, type: string | undefined = 'application/json') =>
  made.judgeAnswer(made.operations[0]!, status, type, body)

describe('paths', () => {
  test.each([
    ['/v1/payments/{payment-id}', '/v1/payments/p1', { 'payment-id': 'p1' }],
    ['/v1/accounts/{account.id}/x', '/v1/accounts/a%2Fb/x', { 'account.id': 'a/b' }],
    ['/v1/{küche}/{$x}', '/v1/a/b', { küche: 'a', $x: 'b' }],
    ['/v1/{__proto__}', '/v1/a', JSON.parse('{"__proto__":"a"}')],
    ['/v1/quotes/{id}:cancel', '/v1/quotes/q1:cancel', { id: 'q1' }],
    ['/v1/quotes/{id}:cancel', '/v1/quotes/q1%3Acancel', { id: 'q1' }],
    ['/v1/rates/{from}-{to}', '/v1/rates/BTC-EUR', { from: 'BTC', to: 'EUR' }],
    ['/v1/{id}.json', '/v1/a.b.json', { id: 'a.b' }],
    ['/v1/items({key})', '/v1/items(5)', { key: '5' }],
    ['/v1/quotes:search', '/v1/quotes:search', {}],
    ['/v1/*', '/v1/*', {}],
    ['/v1/a(b)+$', '/v1/a(b)+$', {}],
    ['/v1/caf\u00e9/{x}', '/v1/caf%C3%A9/1', { x: '1' }],
    ['/v1/a%20b', '/v1/a%20b', {}],
    ['/v1/a/', '/v1/a/', {}],
  ])('%s is %s', (path, sent, params) => {
    const names = [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name!)
    expect(found(contract({ [path]: { get: operation('it', names) } }), sent)).toEqual(['it', params])
  })

  test.each([
    ['/v1/quotes/{id}:cancel', '/v1/quotes/q1'],
    ['/v1/quotes/{id}:cancel', '/v1/quotes/:cancel'],
    ['/v1/quotes/{id}:cancel', '/v1/quotes/q1:cancel/x'],
    ['/v1/quotes:search', '/v1/quotesANYTHING'],
    ['/v1/quotes:search', '/v1/quotes'],
    ['/v1/*', '/v1/anything'],
    ['/v1/{id}.json', '/v1/axjson'],
    ['/v1/a', '/v1/a/'],
    ['/v1/a', '/v1/A'],
    ['/v1/{id}.json', '/v1/%zz.json'],
  ])('%s is not %s', (path, sent) => {
    const names = [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name!)
    expect(found(contract({ [path]: { get: operation('it', names) } }), sent)).toBeUndefined()
  })

  test('the more literal one wins, whatever the order and whoever finds it', () => {
    const paths = {
      '/q/{id}': { get: operation('one', ['id']), put: operation('change', ['id']) },
      '/q/{id}:{verb}': { get: operation('any', ['id', 'verb']) },
      '/q/{id}:cancel': { get: operation('cancel', ['id']) },
      '/q/best:cancel': { get: operation('best', []) },
      '/q/new': { get: operation('new', []) },
      '/{a}/x:y': { get: operation('elsewhere', ['a']) },
    }
    for (const order of [Object.entries(paths), Object.entries(paths).reverse()]) {
      const made = contract(Object.fromEntries(order))
      expect(
        ['/q/1', '/q/1:cancel', '/q/1:confirm', '/q/best:cancel', '/q/new', '/z/x:y', '/q/x:y'].map(
          (path) => found(made, path)?.[0],
        ),
      ).toEqual(['one', 'cancel', 'any', 'best', 'new', 'elsewhere', 'any'])
      expect(made.allowed('/q/1')).toEqual(['GET', 'PUT'])
      expect(made.allowed('/q/1:cancel')).toEqual(['GET', 'PUT'])
    }
  })

  test('two methods of one path may name its value differently', () => {
    const made = contract({
      '/a/{x}': { get: operation('get', ['x']) },
      '/a/{y-y}': { put: operation('put', ['y-y']) },
    })
    expect([found(made, '/a/1'), found(made, '/a/1', 'PUT')]).toEqual([
      ['get', { x: '1' }],
      ['put', { 'y-y': '1' }],
    ])
  })

  test.each([
    [
      { '/a/{x}': { get: operation('a', ['x']) }, '/a/{y}': { get: operation('b', ['y']) } },
      '#/paths/~1a~1{y}/get is the same path as /a/{x} to whoever calls it with GET',
    ],
    [
      { '/a': { get: operation('a') }, '/b': { get: operation('a') } },
      '#/paths/~1b/get/operationId is a, and so is that of GET /a',
    ],
    [{ '/a': { get: { responses: OK } } }, 'GET /a has no operationId'],
    [{ '/a/{x}': { get: operation('a') } }, '#/paths/~1a~1{x}/get declares no parameter "x" in path, which /a/{x} has'],
    [
      { '/a': { get: operation('a', ['x']) } },
      '#/paths/~1a/get declares a parameter "x" in path, which /a does not have',
    ],
    [{ '/a/{x': { get: operation('a') } }, '#/paths/~1a~1{x/get has a brace that is not closed, or not opened'],
    [{ '/a/{}': { get: operation('a') } }, 'has braces with no name in them'],
    [{ '/a/{x}{y}': { get: operation('a', ['x', 'y']) } }, 'has two values with nothing between them'],
    [{ '/a/{x}/{x}': { get: operation('a', ['x']) } }, 'names {x} twice'],
    [{ '/a?b=c': { get: operation('a') } }, 'has a query or a fragment'],
    [{ a: { get: operation('a') } }, '#/paths/a does not begin with a slash'],
    [{ '/a': { GET: operation('a') } }, '#/paths/~1a/GET is not a part of a path'],
    [{ '/a': null }, '#/paths/~1a is not an object'],
    [{ '/a': { get: { operationId: 'a' } } }, '#/paths/~1a/get/responses has no response'],
  ])('%j is refused', (paths, says) => {
    expect(refusal(paths)).toContain(says)
  })

  test('servers: relative, with variables, several, of a path and of an operation', () => {
    const paths = { '/a': { get: operation('a') } }
    const base = (servers: unknown, more: object = {}) => {
      const made = contract({ '/a': { get: operation('a'), ...more } }, { servers })
      return [made.basePath, found(made, `${made.basePath}/a`)?.[0]]
    }
    expect(base([{ url: '/v1/' }])).toEqual(['/v1', 'a'])
    expect(base([{ url: 'v2' }])).toEqual(['/v2', 'a'])
    expect(base([])).toEqual(['', 'a'])
    expect(
      base([
        { url: 'https://{env}.x.example/{base}', variables: { env: { default: 'live' }, base: { default: 'v3' } } },
      ]),
    ).toEqual(['/v3', 'a'])
    expect(base([{ url: '/v1' }], { servers: [{ url: '/v9' }] })).toEqual(['/v1', undefined])
    const several = contract(paths, {
      servers: [
        { url: 'https://x.example/v1' },
        { url: 'https://sandbox.x.example/test/v1' },
        { url: 'https://y.example/v1' },
      ],
    })
    expect(['/v1/a', '/test/v1/a', '/a'].map((path) => found(several, path)?.[0])).toEqual(['a', 'a', undefined])
    const own = contract(
      { '/a': { get: operation('a', [], { servers: [{ url: 'https://up.example/files' }] }), post: operation('b') } },
      { servers: [{ url: '/v1' }] },
    )
    expect([found(own, '/files/a')?.[0], found(own, '/v1/a', 'POST')?.[0], found(own, '/v1/a')]).toEqual([
      'a',
      'b',
      undefined,
    ])
    expect(refusal(paths, { servers: [{ url: 'https://{host}/v1' }] })).toBe(
      '#/servers/0/url has {host}, and variables.host has no default',
    )
  })

  test('references in the place of path items, parameters, bodies and responses', () => {
    const made = contract(
      { '/a~b/{x}': { $ref: '#/components/pathItems/It%20is' } },
      {
        components: {
          pathItems: {
            'It is': {
              parameters: [{ $ref: '#/components/parameters/X' }],
              post: {
                operationId: 'a',
                requestBody: { $ref: '#/components/requestBodies/B' },
                responses: { 200: { $ref: '#/components/responses/R' } },
              },
            },
          },
          parameters: { X: { name: 'x', in: 'path', required: true, schema: { $ref: '#/components/schemas/a~1b' } } },
          requestBodies: {
            B: { $ref: '#/components/requestBodies/C' },
            C: { required: true, content: { 'application/json': { schema: { type: 'object' } } } },
          },
          responses: {
            R: {
              description: 'ok',
              content: { 'application/json': { schema: { $ref: '#/components/schemas/a~1b' } } },
            },
          },
          schemas: { 'a/b': { type: 'integer' } },
        },
      },
    )
    made.compileAll()
    expect(found(made, '/a~b/5', 'POST')).toEqual(['a', { x: '5' }])
    expect(judged(made, { params: { x: 'q' } })).toEqual(['path x type', 'body required'])
    expect(answered(made, 'q')).toEqual(['a 200: / must be integer'])
  })

  test.each([
    [{ $ref: 'other.yaml#/A' }, '#/components/schemas/S refers to "other.yaml#/A", which is another document'],
    [
      { properties: { a: { items: { $ref: 'https://x.example/a.json' } } } },
      '#/components/schemas/S/properties/a/items refers to "https://x.example/a.json"',
    ],
    [
      { $ref: '#/components/schemas/Nobody' },
      '#/components/schemas/S refers to "#/components/schemas/Nobody", where nothing stands',
    ],
    [{ $ref: '#anchor' }, '#/components/schemas/S refers to "#anchor": anchors are not read'],
    [{ allOf: [{ $id: 'https://x.example/s' }] }, '#/components/schemas/S/allOf/0/$id is not supported'],
  ])('a schema %j is refused', (schema, says) => {
    expect(refusal({ '/a': { get: operation('a') } }, { components: { schemas: { S: schema } } })).toContain(says)
  })

  test('so are references that lead nowhere, to another document, or to themselves, wherever they stand', () => {
    expect(refusal({ '/a': { $ref: './a.yaml' } })).toBe(
      '#/paths/~1a refers to "./a.yaml", which is another document: only references inside of this one ("#/components/\u2026") are read',
    )
    expect(
      refusal({ '/a': { get: operation('a', [], { responses: { 200: { $ref: '#/components/responses/R' } } }) } }),
    ).toContain('where nothing stands')
    expect(
      refusal(
        { '/a': { get: operation('a', [], { parameters: [{ $ref: '#/components/parameters/P' }] }) } },
        { components: { parameters: { P: { $ref: '#/components/parameters/P' } } } },
      ),
    ).toContain('refers to itself')
    expect(refusal({ '/a': { $ref: '#/paths/~1b', get: operation('a') }, '/b': { get: operation('b') } })).toContain(
      'has a $ref and more beside it',
    )
  })
})

describe('documents', () => {
  const paths = { '/a': { get: operation('a') } }

  test.each([
    [{ openapi: undefined, swagger: '2.0' }, '#/swagger is Swagger 2.0; expected OpenAPI 3.0 or 3.1'],
    [{ openapi: undefined }, '#/openapi is missing; expected 3.0 or 3.1'],
    [{ openapi: '4.0.0' }, '#/openapi is "4.0.0"; expected 3.0 or 3.1'],
    [{ paths: undefined }, '#/paths has no path'],
    [
      { paths: {}, webhooks: { paid: { post: operation('paid') } } },
      '#/paths has no path: webhooks alone are nothing that can be called',
    ],
  ])('%j is refused', (more, says) => expect(refusal(paths, more)).toContain(says))

  test('text that is no YAML, and YAML that is no document, are refused with the file', () => {
    for (const [text, says] of [
      ['a: [', /Flow sequence/],
      ['just words', /is not an OpenAPI document/],
      ['', /is not an OpenAPI document/],
    ] as const) {
      const file = join(folder, `text-${number++}.yaml`)
      writeFileSync(file, text)
      expect(() => new Contract('fifth', file)).toThrow(says)
      expect(() => new Contract('fifth', file)).toThrow(file)
    }
  })

  test('extensions may stand anywhere, and what only describes', () => {
    const made = contract(
      {
        'x-paths': 1,
        '/a': {
          'x-item': {},
          summary: 's',
          get: {
            ...operation('a', [], {
              'x-op': [],
              tags: ['t'],
              security: [],
              callbacks: {},
              deprecated: true,
              externalDocs: { url: 'https://x.example' },
            }),
            responses: {
              'x-r': 1,
              200: {
                description: 'ok',
                'x-r': 1,
                headers: { 'x-rate': { schema: { type: 'integer' } } },
                content: { 'application/json': { 'x-m': 1, schema: { $ref: '#/components/schemas/S' } } },
              },
            },
          },
        },
      },
      {
        'x-root': { $ref: 'not read' },
        'x-odd.name': 1,
        components: {
          schemas: {
            S: {
              'x-s': { type: 'nonsense' },
              type: 'object',
              title: 't',
              xml: { name: 'x' },
              discriminator: { propertyName: 'a' },
              externalDocs: {},
              example: { $ref: 'no reference' },
              properties: { 'x-own': { type: 'integer', 'x-p': 1, format: 'made-up' }, b: { 'x-order': 2 } },
            },
          },
        },
      },
    )
    made.compileAll()
    expect(answered(made, { 'x-own': 'a' })).toEqual(['a 200: /x-own must be integer'])
    expect(answered(made, { 'x-own': 1, b: [] })).toEqual([])
  })
})

describe('parameters', () => {
  test('an operation\u2019s own takes the place of the path\u2019s', () => {
    const made = contract({
      '/a': {
        parameters: [
          { name: 'p', in: 'query', required: true, schema: { type: 'integer' } },
          { name: 'p', in: 'header', schema: { type: 'integer' } },
        ],
        get: operation('a', [], { parameters: [{ name: 'p', in: 'query', schema: { type: 'string', maxLength: 1 } }] }),
      },
    })
    expect(judged(made, {})).toEqual([])
    expect(judged(made, { query: 'p=a', headers: { p: 'a' } })).toEqual(['header p type'])
    expect(judged(made, { query: 'p=ab', headers: { p: '1' } })).toEqual(['query p maxLength'])
  })

  const items = { type: 'array', maxItems: 2, items: { type: 'integer' } }
  const range = {
    type: 'object',
    additionalProperties: false,
    required: ['from'],
    properties: { from: { type: 'integer' }, to: { type: 'integer' } },
  }
  test.each<[string, object, string, unknown, string[]]>([
    ['form', { schema: items }, 'p=1&p=2', [1, 2], []],
    ['form', { schema: items }, 'p=1&p=x', [1, 'x'], ['query p 1 type']],
    ['form, explode: false', { explode: false, schema: items }, 'p=1,2', [1, 2], []],
    ['form, explode: false', { explode: false, schema: items }, 'p=1,2,3', [1, 2, 3], ['query p maxItems']],
    [
      'form, explode: false, a comma inside',
      { explode: false, schema: { type: 'array', items: { type: 'string' } } },
      'p=a%2Cb,c+d',
      ['a,b', 'c d'],
      [],
    ],
    ['spaceDelimited', { style: 'spaceDelimited', explode: false, schema: items }, 'p=1%202', [1, 2], []],
    ['pipeDelimited', { style: 'pipeDelimited', explode: false, schema: items }, 'p=1|2', [1, 2], []],
    ['pipeDelimited, encoded', { style: 'pipeDelimited', explode: false, schema: items }, 'p=1%7C2', [1, 2], []],
    ['deepObject', { style: 'deepObject', schema: range }, 'p[from]=1&p[to]=2', { from: 1, to: 2 }, []],
    ['deepObject, encoded', { style: 'deepObject', schema: range }, 'p%5Bto%5D=2', { to: 2 }, ['query p required']],
    [
      'deepObject, more',
      { style: 'deepObject', schema: range },
      'p[from]=1&p[x]=2',
      { from: 1, x: '2' },
      ['query p additionalProperties'],
    ],
    ['form, an object', { schema: range }, 'from=1&to=2&z=3', { from: 1, to: 2 }, []],
    [
      'form, explode: false, an object',
      { explode: false, schema: range },
      'p=from,1,to,x',
      { from: 1, to: 'x' },
      ['query p to type'],
    ],
    ['JSON', { content: { 'application/json': { schema: range } } }, 'p=%7B%22from%22%3A1%7D', { from: 1 }, []],
    ['JSON that is none', { content: { 'application/json': { schema: range } } }, 'p=%7B', '{', ['query p type']],
    [
      'allOf',
      { schema: { allOf: [{ $ref: '#/components/schemas/N' }, { minimum: 5 }] } },
      'p=4',
      4,
      ['query p minimum'],
    ],
    ['anyOf', { schema: { anyOf: [{ type: 'null' }, { type: 'integer' }] } }, 'p=4', 4, []],
  ])('in the query as %s: %j of %s', (_, parameter, query, value, problems) => {
    const made = asking(parameter, { components: { schemas: { N: { type: 'integer' } } } })
    expect(made.queryValues(made.operations[0]!, query)).toEqual({ p: value })
    expect(judged(made, { query })).toEqual(problems)
  })

  test('in headers, cookies and paths, converted as their types say', () => {
    const parameters = [
      { name: 'X-Count', in: 'header', schema: { type: 'integer', minimum: 2 } },
      { name: 'X-List', in: 'header', schema: { type: 'array', items: { type: 'integer' } } },
      { name: 'Accept', in: 'header', required: true, schema: { type: 'integer' } },
      { name: 'Authorization', in: 'header', schema: { type: 'integer' } },
      { name: 'session', in: 'cookie', required: true, schema: { type: 'integer' } },
      { name: 'ids', in: 'path', required: true, schema: { type: 'array', maxItems: 2, items: { type: 'integer' } } },
    ]
    const made = contract({ '/a/{ids}': { get: operation('a', [], { parameters }) } })
    const params = { ids: '1,2' }
    expect(
      judged(made, {
        params,
        headers: {
          'x-count': '2',
          'x-list': '1,2',
          accept: 'text/html',
          authorization: 'Bearer x',
          cookie: 'a=b; session=5',
        },
      }),
    ).toEqual([])
    expect(
      judged(made, { params: { ids: '1,2,3' }, headers: { 'x-count': '1', 'x-list': '1,a', cookie: 'xsession=5' } }),
    ).toEqual(['header X-Count minimum', 'header X-List 1 type', 'header session required', 'path ids maxItems'])
  })

  test.each([
    [{ name: 'p', in: 'body' }, 'is in "body"; expected path, query, header or cookie'],
    [{ in: 'query' }, 'is a parameter without a name'],
    [{ name: 'p', in: 'query' }, 'has no schema, and no content of one media type'],
    [
      { name: 'p', in: 'query', style: 'matrix', schema: {} },
      'has the style matrix; in query only form, spaceDelimited, pipeDelimited, deepObject can be read',
    ],
    [
      { name: 'p', in: 'query', style: 'deepObject', schema: { type: 'string' } },
      'has the style deepObject, which is for type: object, and is string',
    ],
    [
      {
        name: 'p',
        in: 'query',
        style: 'deepObject',
        schema: { type: 'object', properties: { a: { type: 'object' } } },
      },
      'no style writes that',
    ],
    [
      { name: 'p', in: 'query', content: { 'application/xml': { schema: {} } } },
      'only JSON and plain text are read from a parameter',
    ],
    [{ name: 'a', in: 'path', schema: {} }, 'is in the path, so it must say required: true'],
    [null, 'is not an object'],
  ])('%j is refused with its place', (parameter, says) => {
    expect(refusal({ '/a': { get: operation('a', [], { parameters: [parameter] }) } })).toMatch(
      /^#\/paths\/~1a\/get\/parameters\/0/,
    )
    expect(refusal({ '/a': { get: operation('a', [], { parameters: [parameter] }) } })).toContain(says)
  })

  test('one that stands twice in a list is refused', () => {
    const twice = { name: 'p', in: 'query', schema: {} }
    expect(refusal({ '/a': { get: operation('a', [], { parameters: [twice, twice] }) } })).toBe(
      '#/paths/~1a/get/parameters/1 is the second parameter p in query',
    )
  })
})

describe('bodies', () => {
  const body = (content: object, required = true) =>
    contract({ '/a': { post: operation('a', [], { requestBody: { required, content } }) } })
  const schema = {
    type: 'object',
    required: ['n'],
    additionalProperties: false,
    properties: {
      n: { type: 'integer' },
      tags: { type: 'array', items: { type: 'integer' } },
      more: { type: 'object' },
    },
  }
  const raw = (type: string, text: string): Partial<Judged> => ({
    headers: { 'content-type': type },
    content: { kind: 'other-type', mediaType: type.split(';')[0]! },
    body: Buffer.from(text),
  })

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/vnd.x+json',
    'application/*',
    '*/*',
  ])('JSON under %s', (type) => {
    const made = body({ [type]: { schema } })
    expect([judged(made, json({ n: 1 })), judged(made, json({ n: 'x' })), judged(made, {})]).toEqual([
      [],
      ['body n type'],
      ['body required'],
    ])
  })

  test('two kinds of JSON, each with its schema', () => {
    const made = body({ 'application/json': { schema }, 'application/vnd.x+json': { schema: { type: 'array' } } })
    const own = { ...json([]), headers: { 'content-type': 'application/vnd.x+json' } }
    expect([judged(made, own), judged(made, json([])), judged(made, json({ n: 1 }))]).toEqual([[], ['body type'], []])
  })

  test('forms: numbers as numbers, lists as lists, objects in JSON', () => {
    const made = body({ 'application/x-www-form-urlencoded': { schema } })
    const type = 'application/x-www-form-urlencoded; charset=utf-8'
    expect(judged(made, raw(type, 'n=1&tags=1&tags=2&more=%7B%7D'))).toEqual([])
    expect(judged(made, raw(type, 'n=x&tags=y&z=1'))).toEqual([
      'body additionalProperties',
      'body n type',
      'body tags 0 type',
    ])
    expect(judged(made, raw('text/plain', 'n=1'))).toEqual(['body mediaType'])
    expect(judged(made, json({ n: 1 }))).toEqual(['body mediaType'])
  })

  test('text, files, and what is not described', () => {
    const made = body(
      {
        'text/plain': { schema: { type: 'string', maxLength: 3 } },
        'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
        'image/*': {},
      },
      false,
    )
    expect([
      judged(made, raw('text/plain', 'abc')),
      judged(made, raw('text/plain', 'abcd')),
      judged(made, raw('application/octet-stream', 'x')),
      judged(made, raw('image/png', 'x')),
      judged(made, raw('video/mp4', 'x')),
      judged(made, {}),
    ]).toEqual([[], ['body maxLength'], [], [], ['body mediaType'], []])
  })

  test.each(['multipart/form-data', 'application/xml'])(
    'a schema for %s cannot be held against anything, and is refused',
    (type) => {
      expect(
        refusal({ '/a': { post: operation('a', [], { requestBody: { content: { [type]: { schema } } } }) } }),
      ).toContain(`describes a body of ${type}, which is not supported`)
    },
  )

  test.each([
    [{}, 'has no media type'],
    [undefined, 'has no media type'],
    [{ 'application/json': null }, 'is not an object'],
  ])('content %j is refused', (content, says) => {
    expect(refusal({ '/a': { post: operation('a', [], { requestBody: { content } }) } })).toContain(says)
  })
})

describe('answers', () => {
  const responses = (all: object) => contract({ '/a': { get: operation('a', [], { responses: all }) } })
  const media = (schema: object, type = 'application/json') => ({ description: 'd', content: { [type]: { schema } } })

  test('a status, its range, the default; the nearest one counts', () => {
    const made = responses({
      200: media({ const: 'exactly' }),
      '2XX': media({ const: 'range' }),
      default: media({ const: 'rest' }),
    })
    expect(
      [
        [200, 'exactly'],
        [202, 'range'],
        [404, 'rest'],
      ].map(([status, body]) => answered(made, body, status as number)),
    ).toEqual([[], [], []])
    expect(answered(made, 'rest', 202)).toEqual(['a 202: / must be equal to constant'])
    expect(answered(responses({ '4XX': media({}) }), {}, 500)).toEqual(['a documents no answer 500'])
    expect([200, 204, 500].map((status) => made.responseOf(made.operations[0]!, status).status)).toEqual([
      200, 204, 200,
    ])
    expect(responses({ '2XX': media({}) }).responseOf(made.operations[0]!, 500)).toMatchObject({
      status: 200,
      mediaType: 'application/json',
    })
    expect(responses({ default: media({}) }).responseOf(made.operations[0]!, 200)).toMatchObject({ status: 200 })
  })

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/*', '*/*'])(
    'media type %s',
    (type) => {
      expect([
        answered(responses({ 200: media({ type: 'integer' }, type) }), 1),
        answered(responses({ 200: media({ type: 'integer' }, type) }), 'x'),
      ]).toEqual([[], ['a 200: / must be integer']])
    },
  )

  test('no content, and content of nothing', () => {
    for (const made of [
      responses({ 204: { description: 'd' } }),
      responses({ 204: { description: 'd', content: {} } }),
    ]) {
      expect([answered(made, undefined, 204, undefined), answered(made, {}, 204)]).toEqual([
        [],
        ['a 204 should have no body'],
      ])
    }
    const head = contract({ '/a': { head: operation('a', [], { responses: { 200: media({}) } }) } })
    expect(answered(head, undefined, 200, undefined)).toEqual([])
  })
})

describe('schemas', () => {
  const OLD = { openapi: '3.0.3' }

  test.each<[object, unknown[], unknown[]]>([
    [{ type: 'string', nullable: true }, ['a', null], [1]],
    [{ type: 'string', nullable: true, enum: ['a'] }, ['a', null], ['b']],
    [{ nullable: true, allOf: [{ type: 'object' }] }, [{}, null], ['b']],
    [{ type: 'string', nullable: false }, ['a'], [null]],
    [{ type: 'integer', minimum: 1, exclusiveMinimum: true }, [2], [1]],
    [{ type: 'integer', maximum: 1, exclusiveMaximum: false }, [1], [2]],
    [{ type: 'integer', format: 'int32', example: 'no integer' }, [1], ['a', 2 ** 40]],
    [{ $ref: '#/components/schemas/N', type: 'string' }, [1], ['a']],
  ])('OpenAPI 3.0: %j', (schema, right, wrong) => {
    const made = taking(schema, { ...OLD, components: { schemas: { N: { type: 'integer' } } } })
    made.compileAll()
    expect(right.map((value) => judged(made, json(value)))).toEqual(right.map(() => []))
    for (const value of wrong) expect(judged(made, json(value)), JSON.stringify(value)).not.toEqual([])
  })

  test.each<[object, unknown[], unknown[]]>([
    [{ type: ['string', 'null'] }, ['a', null], [1]],
    [{ const: 5 }, [5], [6]],
    [{ $ref: '#/components/schemas/N', minimum: 5 }, [5], [4, 'a']],
    [
      {
        $defs: { a: { type: 'integer' } },
        properties: { b: { $ref: '#/paths/~1a/post/requestBody/content/application~1json/schema/$defs/a' } },
      },
      [{ b: 1 }],
      [{ b: 'x' }],
    ],
    [{ type: 'integer', exclusiveMinimum: 1 }, [2], [1]],
    [{ prefixItems: [{ type: 'integer' }], items: false }, [[1]], [[1, 2], ['a']]],
    [
      { allOf: [{ type: 'object', additionalProperties: false, properties: { a: {} } }, { properties: { b: {} } }] },
      [{ a: 1 }],
      [{ b: 1 }],
    ],
    [
      {
        oneOf: [{ $ref: '#/components/schemas/N' }, { type: 'string' }],
        discriminator: { propertyName: 'x', mapping: { n: 'N' } },
      },
      [1, 'a'],
      [null],
    ],
    [{ type: 'string', pattern: '^[\\w\\-\\.\\_]+@' }, ['a-b@'], ['!']],
    [{ type: 'string', format: 'no-such-format' }, ['a'], [1]],
    [{ if: { type: 'string' } }, [1, 'a'], []],
    [{ properties: { a: { type: 'integer' } }, required: ['a'] }, [{ a: 1 }, 'no object'], [{}]],
    [{ patternProperties: { '^a': { type: 'integer' } }, properties: { ab: {} } }, [{ a: 1 }], [{ a: 'x' }]],
    [{ dependentRequired: { a: ['b'] } }, [{ a: 1, b: 1 }], [{ a: 1 }]],
    [{ type: 'string', nullable: true }, ['a', null], [1]],
  ])('OpenAPI 3.1: %j', (schema, right, wrong) => {
    const made = taking(schema, { components: { schemas: { N: { type: 'integer' } } } })
    made.compileAll()
    expect(right.map((value) => judged(made, json(value)))).toEqual(right.map(() => []))
    for (const value of wrong) expect(judged(made, json(value)), JSON.stringify(value)).not.toEqual([])
  })

  test.each([
    [{ minLenght: 1 }, '/minLenght is not a keyword of a schema in OpenAPI 3.1; an extension begins with x-'],
    [{ type: 'strnig' }, '/type is "strnig"; expected one of string, number'],
    [{ required: true }, '/required is true; expected a list of names'],
    [{ properties: { a: { required: true } } }, '/properties/a/required is true'],
    [{ enum: [] }, '/enum is []; expected a list of at least one value'],
    [{ pattern: '(?i)a' }, '/pattern is "(?i)a"; expected a regular expression as JavaScript has it'],
    [{ patternProperties: { '[': {} } }, '/patternProperties/[ is not a regular expression'],
    [{ minimum: '1' }, '/minimum is "1"; expected a number'],
    [{ exclusiveMinimum: true }, '/exclusiveMinimum is true; expected a number'],
    [{ maxLength: -1 }, '/maxLength is -1; expected a whole number of 0 or more'],
    [{ items: [{}] }, '/items is not a schema: a schema for each place is written in prefixItems'],
    [{ properties: [] }, '/properties is not an object'],
    [{ allOf: {} }, '/allOf is not a list of at least one schema'],
    [{ properties: { a: null } }, '/properties/a is not a schema'],
  ])('%j is refused with its place', (schema, says) => {
    expect(refusal({ '/a': { get: operation('a') } }, { components: { schemas: { S: schema } } })).toContain(
      `#/components/schemas/S${says}`,
    )
  })

  test('what only answers have is not asked of a call, and what only calls have not of an answer', () => {
    const schema = {
      type: 'object',
      required: ['id', 'name', 'secret'],
      properties: {
        id: { $ref: '#/components/schemas/Id' },
        name: { type: 'string' },
        secret: { type: 'string', writeOnly: true },
      },
    }
    const more = {
      components: {
        schemas: {
          Id: { type: 'string', readOnly: true },
          S: schema,
          T: { allOf: [{ $ref: '#/components/schemas/S' }, { required: ['id'] }] },
        },
      },
    }
    for (const name of ['S', 'T']) {
      const call = taking({ $ref: `#/components/schemas/${name}` }, more)
      const answer = answering({ $ref: `#/components/schemas/${name}` }, more)
      call.compileAll()
      answer.compileAll()
      expect([judged(call, json({ name: 'n', secret: 's' })), judged(call, json({ id: 'i', name: 'n' }))]).toEqual([
        [],
        ['body required'],
      ])
      expect([answered(answer, { id: 'i', name: 'n' }), answered(answer, { name: 'n', secret: 's' })[0]]).toEqual([
        [],
        expect.stringContaining("required property 'id'"),
      ])
    }
  })

  test('a schema that leads back to itself is judged as deep as it goes, and written out as far as it must be', () => {
    const more = {
      components: {
        schemas: {
          Tree: {
            type: 'object',
            required: ['name', 'parts'],
            properties: {
              name: { type: 'string' },
              parts: { type: 'array', items: { $ref: '#/components/schemas/Tree' } },
              owner: { $ref: '#/components/schemas/Owner' },
              either: { anyOf: [{ $ref: '#/components/schemas/Tree' }, { type: 'integer' }] },
            },
          },
          Owner: { type: 'object', properties: { tree: { $ref: '#/components/schemas/Tree' } } },
          Endless: {
            type: 'object',
            required: ['next'],
            properties: { next: { $ref: '#/components/schemas/Endless' } },
          },
        },
      },
    }
    const made = answering({ $ref: '#/components/schemas/Tree' }, more)
    made.compileAll()
    expect(answered(made, { name: 'a', parts: [{ name: 'b', parts: [{ name: 1, parts: [] }] }] })).toEqual([
      'a 200: /parts/0/parts/0/name must be string',
    ])
    const { schema } = made.responseOf(made.operations[0]!, 200)
    expect(schema).toEqual({
      type: 'object',
      required: ['name', 'parts'],
      properties: {
        name: { type: 'string' },
        parts: { type: 'array', maxItems: 0 },
        owner: { type: 'object', properties: {} },
        either: { anyOf: [{ type: 'integer' }] },
      },
    })
    const endless = answering({ $ref: '#/components/schemas/Endless' }, more)
    expect(endless.responseOf(endless.operations[0]!, 200).schema).toBeUndefined()
  })

  test('forty schemas that all refer to each other are written out, as far as there is room', () => {
    const names = Array.from({ length: 40 }, (_, index) => `S${index}`)
    const schemas = Object.fromEntries(
      names.map((name) => [
        name,
        {
          type: 'object',
          properties: Object.fromEntries(names.map((other) => [other, { $ref: `#/components/schemas/${other}` }])),
        },
      ]),
    )
    const made = answering({ $ref: '#/components/schemas/S0' }, { components: { schemas } })
    expect(made.responseOf(made.operations[0]!, 200).schema).toMatchObject({ type: 'object' })
  })
})
