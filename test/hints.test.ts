// Why a signature did not match, said in x-sandgate-hint: the mistakes that clients really make, each made on purpose by clients written from
// the providers' documents. The hint is never in the body, and neither says what would have been right.
import crypto, { createHash, createHmac } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { type Kit, type Reply, type Request, START, start } from './kit.ts'

/** How a provider's clients sign, with everything in the open that can be done wrong. */
interface Signer {
  readonly name: string
  /** A call with a body, and one without; what the body says does not matter, its signature is looked at first. */
  readonly post: Request
  readonly get: Request
  readonly key: string
  readonly secret: string
  readonly digest: 'sha256' | 'sha512'
  /** What is signed, and the bytes of the secret it is signed with. */
  text(signed: Request, stamp: string): Buffer
  keyed(secret: string): Buffer
  /** The timestamp or the nonce of a call; empty where there is none. */
  stamp(wallMs: number): string
  mac(signed: Request, secret: string, stamp: string): Buffer
  readonly encoding: 'hex' | 'base64'
  headers(signature: string, stamp: string): Record<string, string>
}

const BODY = '{"name":"Zoë / 1","list":[1,2],"a":{"b":null}}'

const CPG: Signer = {
  name: 'cpg',
  post: { method: 'POST', path: '/v1/deposit-addresses', body: BODY },
  get: { method: 'GET', path: '/v1/balances?currency=USDT&network=ETH' },
  ...cpg.KEYS.demo,
  digest: 'sha256',
  text: (signed, stamp) => Buffer.from(cpg.canonical(signed, stamp)),
  keyed: (secret) => Buffer.from(secret),
  stamp: (wallMs) => String(Math.floor(wallMs / 1000)),
  mac: (signed, secret, stamp) => Buffer.from(cpg.sign(secret, cpg.canonical(signed, stamp)), 'hex'),
  encoding: 'hex',
  headers: (signature, stamp) => ({
    'x-cpg-key': cpg.KEYS.demo.key,
    'x-cpg-timestamp': stamp,
    'x-cpg-signature': signature,
  }),
}

const PAYWARD: Signer = {
  name: 'payward',
  post: { method: 'POST', path: payward.addressesOf(payward.ACCOUNTS.main), body: BODY },
  get: payward.listing('asset_symbol=BTC'),
  ...payward.KEYS.demo,
  digest: 'sha512',
  text: ({ path, body = '' }, stamp) =>
    Buffer.concat([
      Buffer.from(path),
      createHash('sha256')
        .update(stamp + body)
        .digest(),
    ]),
  keyed: (secret) => Buffer.from(secret, 'base64'),
  stamp: payward.nonceAt,
  mac: (signed, secret, stamp) => Buffer.from(payward.sign(secret, signed.path, stamp, signed.body), 'base64'),
  encoding: 'base64',
  headers: (signature, stamp) => ({ 'api-key': payward.KEYS.demo.key, 'api-nonce': stamp, 'api-sign': signature }),
}

const ALPHAPO: Signer = {
  name: 'alphapo',
  post: { method: 'POST', path: '/api/v2/addresses/take', body: BODY },
  get: { method: 'GET', path: '/api/v2/ping' },
  ...alphapo.KEYS.demo,
  digest: 'sha512',
  text: ({ body = '' }) => Buffer.from(body),
  keyed: (secret) => Buffer.from(secret),
  stamp: () => '',
  mac: (signed, secret) => Buffer.from(alphapo.sign(secret, signed.body ?? ''), 'hex'),
  encoding: 'hex',
  headers: (signature) => ({ 'x-processing-key': alphapo.KEYS.demo.key, 'x-processing-signature': signature }),
}

/** What a client does differently from what the documents say. */
interface Mistake {
  /** What goes over the wire. */
  readonly sent?: Request
  /** What the signature was made over, where that is something else. */
  readonly signed?: Request
  readonly secret?: string
  readonly signedStamp?: (stamp: string) => string
  readonly sentStamp?: (stamp: string) => string
  /** What is made of all that, where it is not the MAC of the documents. */
  readonly made?: (signed: Request, secret: string, stamp: string) => Buffer
  readonly write?: (mac: Buffer) => string
}

const hex = (mac: Buffer) => mac.toString('hex')
const base64 = (mac: Buffer) => mac.toString('base64')
const same = (text: string) => text

const SECRETS = [...Object.values(cpg.KEYS), ...Object.values(payward.KEYS), ...Object.values(alphapo.KEYS)].map(
  ({ secret }) => secret,
)

/** Makes the call and looks at its answer: refused, with a hint in one header and nowhere else, and the right signature nowhere at all. */
async function hinted(box: Kit, signer: Signer, mistake: Mistake): Promise<string> {
  box.passWall(1000)
  const sent = mistake.sent ?? signer.post
  const stamp = signer.stamp(box.wallMs)
  const write = mistake.write ?? (signer.encoding === 'hex' ? hex : base64)
  const mac = (mistake.made ?? signer.mac)(
    mistake.signed ?? sent,
    mistake.secret ?? signer.secret,
    (mistake.signedStamp ?? same)(stamp),
  )
  const sentStamp = (mistake.sentStamp ?? same)(stamp)
  const headers = {
    ...(sent.body !== undefined && { 'content-type': 'application/json' }),
    ...signer.headers(write(mac), sentStamp),
  }
  const reply = await box.send(signer.name, { ...sent, headers })
  expect(reply.status, reply.text).toBeGreaterThanOrEqual(400)
  expect(reply.status, reply.text).toBeLessThan(404)
  silent(reply, signer.mac(sent, signer.secret, sentStamp), write(mac))
  for (const secret of [signer.key, signer.secret, ...SECRETS])
    expect(JSON.stringify(reply.headers) + reply.text).not.toContain(secret)
  return reply.headers['x-sandgate-hint'] ?? ''
}

/** No way of writing the right signature stands in the answer, unless the client itself sent it so. */
function silent(reply: Reply, right: Buffer, given: string): void {
  const { 'x-sandgate-hint': hint = '', ...others } = reply.headers
  const everything = JSON.stringify(others) + reply.text + hint
  for (const form of [hex(right), hex(right).toUpperCase(), base64(right), right.toString('base64url')]) {
    if (form !== given) expect(everything.includes(form), everything).toBe(false)
  }
  expect(hint).toMatch(/^[\x20-\x7e]*$/)
  if (hint !== '') expect(reply.text + JSON.stringify(others)).not.toContain(hint)
}

const NONE = /none of the usual mistakes/
const value = JSON.parse(BODY)
const ascii = (text: string) =>
  text.replace(/[^\x00-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
/** As Python's json.dumps writes it. */
const PYTHON = ascii('{"name": "Zoë / 1", "list": [1, 2], "a": {"b": null}}')
/** As PHP's json_encode writes it. */
const PHP = ascii(BODY).replaceAll('/', '\\/')

/** Mistakes that any client can make who signs a body. */
const common = (signer: Signer): [string, Mistake, RegExp][] => {
  const [own, other] = signer.encoding === 'hex' ? [hex, base64] : [base64, hex]
  const signedBody = (body: string): Mistake => ({ signed: { ...signer.post, body } })
  const sentBody = (body: string): Mistake => ({ sent: { ...signer.post, body }, signed: signer.post })
  return [
    ['the body re-serialised with spaces after signing', sentBody(PYTHON), /body was re-serialised/],
    [
      'the body re-serialised without spaces after signing',
      { sent: signer.post, signed: { ...signer.post, body: PYTHON } },
      /body was re-serialised/,
    ],
    ['the body written by PHP, signed by hand', signedBody(PHP), /body was re-serialised/],
    ['the body pretty-printed after signing', sentBody(JSON.stringify(value, null, 2)), /body was re-serialised/],
    ['a pretty-printed body signed', signedBody(JSON.stringify(value, null, 4)), /body was re-serialised/],
    [
      'the keys sorted for signing',
      signedBody('{"a":{"b":null},"list":[1,2],"name":"Zoë / 1"}'),
      /body was re-serialised/,
    ],
    ['a newline behind the signed body', signedBody(`${BODY}\n`), /trailing newline/],
    ['a newline behind the sent body', sentBody(`${BODY}\n`), /trailing newline/],
    ['the body not signed', signedBody(''), /body was left out/],
    [
      signer.encoding === 'hex' ? 'base64 for hex' : 'hex for base64',
      { write: other },
      signer.encoding === 'hex' ? /hex expected, base64 sent/ : /base64 expected, hex sent/,
    ],
    [
      'base64 of the hex text',
      { write: (mac) => Buffer.from(hex(mac)).toString('base64') },
      /hex text was base64-encoded/,
    ],
    [
      'two mistakes: re-serialised, and the wrong encoding',
      { ...sentBody(PYTHON), write: other },
      /re-serialised.*(hex|base64) sent/,
    ],
    [
      'two mistakes: re-serialised, and a name in front',
      { ...sentBody(PYTHON), write: (mac) => `hmac ${own(mac)}` },
      /re-serialised.*before the signature/,
    ],
    [
      'numbers kept as they are written',
      {
        sent: { ...signer.post, body: '{"a": 1.0, "b": []}' },
        signed: { ...signer.post, body: '{\n  "a": 1.0,\n  "b": []\n}' },
      },
      /body was re-serialised/,
    ],
    [
      'numbers as JavaScript writes them',
      { sent: { ...signer.post, body: '{"a":1.0}' }, signed: { ...signer.post, body: '{"a":1}' } },
      /body was re-serialised/,
    ],
    [
      'the body as Go writes it',
      {
        sent: { ...signer.post, body: '{"b":"<&>","a":1}' },
        signed: { ...signer.post, body: '{"a":1,"b":"\\u003c\\u0026\\u003e"}' },
      },
      /body was re-serialised/,
    ],
    ['the body JSON-encoded twice', signedBody(JSON.stringify(BODY)), /JSON-encoded twice/],
    [
      'a form signed',
      {
        sent: { ...signer.post, body: '{"currency":"BTC","id":7}' },
        signed: { ...signer.post, body: 'currency=BTC&id=7' },
      },
      /a form was signed, but JSON sent/,
    ],
    [
      'the key for the secret',
      { secret: signer.encoding === 'hex' ? signer.key : base64(Buffer.from(signer.key)) },
      /^the key was used as the secret$/,
    ],
    ...['sha1', 'sha256', 'sha384', 'sha512']
      .filter((digest) => digest !== signer.digest)
      .map((digest): [string, Mistake, RegExp] => [
        `${digest} for ${signer.digest}`,
        {
          made: (signed, secret, stamp) =>
            createHmac(digest, signer.keyed(secret)).update(signer.text(signed, stamp)).digest(),
        },
        new RegExp(`^${digest.replace('sha', 'SHA-')} was used, ${signer.digest.replace('sha', 'SHA-')} is expected$`),
      ]),
    ...[
      (secret: string, text: Buffer) => [secret, text],
      (secret: string, text: Buffer) => [text, secret],
      (_: string, text: Buffer) => [text],
    ].map((of, index): [string, Mistake, RegExp] => [
      `a plain hash, ${index}`,
      {
        made: (signed, secret, stamp) =>
          of(secret, signer.text(signed, stamp))
            .reduce((hash, part) => hash.update(part), createHash(signer.digest))
            .digest(),
      },
      /^a plain SHA-\d+ was sent: an HMAC/,
    ]),
    [
      'secret and text in each other’s place',
      {
        made: (signed, secret, stamp) =>
          createHmac(signer.digest, signer.text(signed, stamp)).update(signer.keyed(secret)).digest(),
      },
      /changed places/,
    ],
    ...['sha256=', 'algo=', 'hmac ', 'HMAC-SHA512 ', 'SHA2-256(stdin)= ', 'hmac-sha256:', 't=1779278400,v1='].map(
      (before): [string, Mistake, RegExp] => [
        `${before} in front`,
        { write: (mac) => before + own(mac) },
        /^there is something before the signature/,
      ],
    ),
    ...[
      ['"', '"'],
      ["'", "'"],
      ['<', '>'],
      ["b'", "'"],
    ].map(([open, close]): [string, Mistake, RegExp] => [
      `${open}${close} around it`,
      { write: (mac) => open + own(mac) + close },
      /^there are quotes around the signature/,
    ]),
    ['blanks inside', { write: (mac) => own(mac).replace(/.{16}/g, '$& ') }, /^the signature is cut into pieces/],
    ['a secret nobody knows', { secret: base64(Buffer.from('not this one')) }, NONE],
    ['half of the signature', { write: (mac) => own(mac).slice(0, own(mac).length / 2) }, NONE],
    ['a signature that is none', { write: () => 'signature' }, NONE],
    ['a body that says something else', sentBody('{"name":"Zoe"}'), NONE],
  ]
}

/** Mistakes of those whose secret and signature are plain text and hex. */
const ofText = (signer: Signer): [string, Mistake, RegExp][] => [
  ['a newline behind the secret', { secret: `${signer.secret}\n` }, /^the secret had a trailing newline$/],
  ['the secret in quotes', { secret: `"${signer.secret}"` }, /^the secret had quotes around it$/],
  [
    'the secret base64-decoded',
    {
      made: (signed, secret, stamp) =>
        createHmac(signer.digest, Buffer.from(secret, 'base64')).update(signer.text(signed, stamp)).digest(),
    },
    /^the secret was base64-decoded/,
  ],
  ['0x in front', { write: (mac) => `0x${hex(mac)}` }, /^there is 0x before the signature/],
  [
    'dashes between the bytes',
    {
      write: (mac) =>
        hex(mac)
          .toUpperCase()
          .replace(/..(?=.)/g, '$&-'),
    },
    /^the signature is cut into pieces.*; lower-case hex expected/,
  ],
  [
    'colons between the bytes',
    { write: (mac) => hex(mac).replace(/..(?=.)/g, '$&:') },
    /^the signature is cut into pieces/,
  ],
  // A text of Latin-1 bytes, which the client in between must not encode.
  [
    'the body in Latin-1',
    {
      made: (signed, secret, stamp) =>
        createHmac(signer.digest, signer.keyed(secret))
          .update(signer.text({ ...signed, body: Buffer.from(BODY, 'latin1') as unknown as string }, stamp))
          .digest(),
    },
    /^the body was signed in Latin-1/,
  ],
]

/** The five lines put together otherwise. */
const commonMistakes = (
  signer: Signer,
  rows: [string, (lines: string[]) => string | Buffer, RegExp][],
): [string, Mistake, RegExp][] =>
  rows.map(([what, of, expected]) => [
    what,
    {
      sent: signer.post,
      made: (signed, secret, stamp) =>
        createHmac(signer.digest, secret)
          .update(of(cpg.canonical(signed, stamp).split('\n')))
          .digest(),
    },
    expected,
  ])

/** A query that is signed otherwise than it is sent. */
const queries = (path: string): [string, Mistake, RegExp][] =>
  (
    [
      ['sorted', 'b=2&a=1', 'a=1&b=2', /^the query was sorted for signing/],
      ['decoded', 'at=12%3A00', 'at=12:00', /^the query was encoded anew/],
      ['encoded', 'at=12:00', 'at=12%3A00', /^the query was encoded anew/],
      ['as a form', 'q=a%20b', 'q=a+b', /^the query was encoded anew/],
      ['with other letters', 'at=12%3a00', 'at=12%3A00', /^the query was encoded anew/],
    ] as const
  ).map(([what, sent, signed, expected]) => [
    `the query ${what}`,
    { sent: { method: 'GET', path: `${path}?${sent}` }, signed: { method: 'GET', path: `${path}?${signed}` } },
    expected,
  ])

/** What clients write for a body that is none. */
const nothings = (signer: Signer): [string, Mistake, RegExp][] => [
  [
    '{} for no body',
    { sent: signer.get, signed: { ...signer.get, body: '{}' } },
    /^an empty JSON object was signed, but no body was sent$/,
  ],
  ...['null', '[]', '""', 'undefined', 'None'].map((body): [string, Mistake, RegExp] => [
    `${body} for no body`,
    { sent: signer.get, signed: { ...signer.get, body } },
    /was signed, but no body was sent$/,
  ]),
]

const bare = (request: Request): Request => ({ ...request, path: request.path.split('?', 1)[0]! })

const SIGNERS: [string, Signer, [string, Mistake, RegExp][]][] = [
  [
    'cpg',
    CPG,
    [
      ...common(CPG),
      ...ofText(CPG),
      ['two of the CR and LF behind the secret', { secret: `${CPG.secret}\r\n` }, /secret had a trailing newline/],
      ...commonMistakes(CPG, [
        ['a newline at the end', (lines) => `${lines.join('\n')}\n`, /^the signed text ended in a newline/],
        [
          'the method in lower case',
          ([time, method, ...rest]) => [time, method!.toLowerCase(), ...rest].join('\n'),
          /^the method was signed in lower case/,
        ],
        ['backslashes for newlines', (lines) => lines.join('\\n'), /^a backslash and an n were signed/],
        ['CR and LF', (lines) => lines.join('\r\n'), /^the lines were joined by CR and LF/],
        ['nothing between the lines', (lines) => lines.join(''), /joined by something other than newlines/],
        ['bars between the lines', (lines) => lines.join('|'), /joined by something other than newlines/],
        [
          'no line for the query',
          (lines) => lines.filter((line) => line !== '').join('\n'),
          /^the line of the query was left out/,
        ],
        [
          'the body for its hash',
          ([time, method, path, query]) => [time, method, path, query, BODY].join('\n'),
          /^the body was signed, instead of its SHA-256/,
        ],
        [
          'the hash of the body in upper case',
          ([time, method, path, query, hash]) => [time, method, path, query, hash!.toUpperCase()].join('\n'),
          /^the SHA-256 of the body was signed in upper case/,
        ],
        [
          'the hash of the body in base64',
          ([time, method, path, query, hash]) =>
            [time, method, path, query, Buffer.from(hash!, 'hex').toString('base64')].join('\n'),
          /^the SHA-256 of the body was signed as base64/,
        ],
        [
          'the raw hash of the body',
          ([time, method, path, query, hash]) =>
            Buffer.concat([Buffer.from([time, method, path, query, ''].join('\n')), Buffer.from(hash!, 'hex')]),
          /^the SHA-256 of the body was signed as raw bytes/,
        ],
        [
          'the body hashed with SHA-512',
          ([time, method, path, query]) =>
            [time, method, path, query, createHash('sha512').update(BODY).digest('hex')].join('\n'),
          /^the body was hashed with SHA-512/,
        ],
        [
          'the time behind the query',
          ([time, method, path, query, hash]) => [method, path, query, time, hash].join('\n'),
          /^the lines are in the wrong order/,
        ],
        ['the time at the end', ([time, ...rest]) => [...rest, time].join('\n'), /^the lines are in the wrong order/],
      ]),
      ...commonMistakes({ ...CPG, post: CPG.get }, [
        [
          'the query behind the path, on its line',
          ([time, method, path, query, hash]) => [time, method, `${path}?${query}`, '', hash].join('\n'),
          /^the query was signed as part of the path/,
        ],
        [
          'the query behind the path, and no line for it',
          ([time, method, path, query, hash]) => [time, method, `${path}?${query}`, hash].join('\n'),
          /^the line of the query was left out/,
        ],
        [
          'no hash of the empty body',
          ([time, method, path, query]) => [time, method, path, query, ''].join('\n'),
          /^the hash of the body was left out/,
        ],
        [
          'no line for the hash of the empty body',
          ([time, method, path, query]) => [time, method, path, query].join('\n'),
          /^the hash of the body was left out/,
        ],
      ]),
      ...queries('/v1/balances'),
      ...nothings(CPG),
      [
        'a slash behind the path',
        { signed: { ...CPG.post, path: `${CPG.post.path}/` } },
        /^the path was signed with a slash at its end$/,
      ],
      [
        'the clock read twice',
        { signedStamp: (seconds) => String(Number(seconds) - 1) },
        /^the timestamp that was signed is not the one in the header/,
      ],
      ['upper-case hex', { write: (mac) => hex(mac).toUpperCase() }, /lower-case hex expected, upper-case hex sent/],
      ['URL-safe base64 for hex', { write: (mac) => mac.toString('base64url') }, /hex expected, base64 sent/],
      ['the query left out', { sent: CPG.get, signed: bare(CPG.get) }, /query was left out/],
      [
        'the path without its version',
        { signed: { ...CPG.post, path: '/deposit-addresses' } },
        /path was signed as \/deposit-addresses/,
      ],
      [
        'the secret of another key of the account',
        { secret: cpg.KEYS.second.secret },
        /secret of another key of the same account/,
      ],
      [
        'the secret of another account',
        { secret: cpg.KEYS.other.secret },
        /^signed with the secret of the demo account other$/,
      ],
      ['milliseconds signed, seconds sent', { signedStamp: (seconds) => `${seconds}000` }, /milliseconds were signed/],
      [
        'milliseconds signed and sent',
        { signedStamp: (seconds) => `${seconds}000`, sentStamp: (seconds) => `${seconds}000` },
        /seconds expected, milliseconds sent/,
      ],
      [
        'seconds signed, milliseconds sent',
        { sentStamp: (seconds) => `${seconds}000` },
        /seconds expected, milliseconds sent/,
      ],
      [
        'the whole path of the request line, and the body re-serialised',
        { sent: { ...CPG.post, body: PYTHON }, signed: { ...CPG.post, path: `/cpg${CPG.post.path}` } },
        /body was re-serialised/,
      ],
      [
        'the whole path of the request line, and base64 for hex',
        { signed: { ...CPG.post, path: `/cpg${CPG.post.path}` }, write: base64 },
        /hex expected, base64 sent/,
      ],
    ],
  ],
  [
    'payward',
    PAYWARD,
    [
      ...common(PAYWARD),
      [
        'the secret not base64-decoded',
        { secret: base64(Buffer.from(PAYWARD.secret)) },
        /secret was used as text: base64-decode it first/,
      ],
      ['URL-safe base64', { write: (mac) => mac.toString('base64url') }, /URL-safe|its = at the end/],
      [
        'base64 without its end',
        { write: (mac) => base64(mac).replace(/=+$/, '') },
        /^base64 with its = at the end expected$/,
      ],
      [
        'percent-encoded base64',
        { write: (mac) => encodeURIComponent(base64(mac)) },
        /^the signature was percent-encoded/,
      ],
      [
        'the secret in quotes',
        { secret: base64(Buffer.from(`"${PAYWARD.secret}"`)) },
        /^the secret had quotes around it$/,
      ],
      ...(
        [
          [
            'hex of the inner hash',
            (path, inner) => [path, inner.toString('hex')],
            /^the SHA-256 of nonce and body was signed as hex/,
          ],
          [
            'base64 of the inner hash',
            (path, inner) => [path, base64(inner)],
            /^the SHA-256 of nonce and body was signed as base64/,
          ],
          ['no inner hash', (path, _, nonce) => [path, nonce, BODY], /^the SHA-256 was left out/],
          [
            'SHA-512 inside',
            (path, _, nonce) => [
              path,
              createHash('sha512')
                .update(nonce + BODY)
                .digest(),
            ],
            /^nonce and body were hashed with SHA-512/,
          ],
          ['the path alone', (path) => [path], /^only the path was signed/],
          ['no path', (_, inner) => [inner], /^the path was left out/],
          ['the hash first', (path, inner) => [inner, path], /^the SHA-256 was signed before the path/],
          [
            'the body in front of the nonce',
            (path, _, nonce) => [
              path,
              createHash('sha256')
                .update(BODY + nonce)
                .digest(),
            ],
            /^the body was hashed before the nonce/,
          ],
          [
            'the nonce in front of the path',
            (path, _, nonce) => [nonce, path, createHash('sha256').update(BODY).digest()],
            /^the nonce was signed before the path/,
          ],
          ['the method in front of the path', (path, inner) => ['POST', path, inner], /^the method was signed/],
        ] as [string, (path: string, inner: Buffer, nonce: string) => (string | Buffer)[], RegExp][]
      ).map(([what, of, expected]): [string, Mistake, RegExp] => [
        what,
        {
          made: (signed, secret, nonce) => {
            const inner = createHash('sha256')
              .update(nonce + signed.body)
              .digest()
            return of(signed.path, inner, nonce)
              .reduce((mac, part) => mac.update(part), createHmac('sha512', PAYWARD.keyed(secret)))
              .digest()
          },
        },
        expected,
      ]),
      ...queries(payward.addressesOf(payward.ACCOUNTS.main)),
      ...nothings(PAYWARD),
      [
        'a question mark and no query',
        { signed: { ...PAYWARD.post, path: `${PAYWARD.post.path}?` } },
        /^a question mark was signed, and there is no query$/,
      ],
      [
        'milliseconds signed, nanoseconds sent',
        { signedStamp: (nonce) => nonce.slice(0, 13) },
        /^the nonce was signed in another unit than it was sent in$/,
      ],
      [
        'nanoseconds signed, seconds sent',
        { signedStamp: (nonce) => nonce.slice(0, 10).padEnd(19, '0'), sentStamp: (nonce) => nonce.slice(0, 10) },
        /^the nonce was signed in another unit/,
      ],
      ['the query left out', { sent: PAYWARD.get, signed: bare(PAYWARD.get) }, /query was left out/],
      [
        'the path without its version',
        { signed: { ...PAYWARD.post, path: PAYWARD.post.path.replace('/v1', '') } },
        /path was signed as \/accounts/,
      ],
      ['the nonce not signed', { signedStamp: () => '' }, /nonce was left out/],
      [
        'the secret of another partner',
        { secret: payward.KEYS.other.secret },
        /^signed with the secret of the demo account other$/,
      ],
    ],
  ],
  [
    'alphapo',
    ALPHAPO,
    [
      ...common(ALPHAPO),
      ...ofText(ALPHAPO),
      ...['/api/v2/addresses/take', '/alphapo/api/v2/addresses/take'].flatMap((path) =>
        [path, `${path}${BODY}`, `POST${path}${BODY}`].map((body): [string, Mistake, RegExp] => [
          `the path signed, ${body.length}`,
          { signed: { ...ALPHAPO.post, body } },
          /^the path was signed: the body is, and nothing else$/,
        ]),
      ),
      [
        'the query signed',
        {
          sent: { method: 'GET', path: '/api/v2/transactions/info?id=5100001' },
          signed: { ...ALPHAPO.get, body: 'id=5100001' },
        },
        /^the query was signed/,
      ],
      [
        'the path with its query signed',
        {
          sent: { method: 'GET', path: '/api/v2/transactions/info?id=5100001' },
          signed: { ...ALPHAPO.get, body: '/api/v2/transactions/info?id=5100001' },
        },
        /^the path was signed/,
      ],
      [
        'the hash of the body signed',
        { signed: { ...ALPHAPO.post, body: createHash('sha512').update(BODY).digest('hex') } },
        /^the body was hashed before it was signed/,
      ],
      [
        'base64 of the body signed',
        { signed: { ...ALPHAPO.post, body: Buffer.from(BODY).toString('base64') } },
        /^base64 of the body was signed/,
      ],
      ...nothings({ ...ALPHAPO, get: { method: 'POST', path: '/api/v2/currencies/list' } }),
      ['upper-case hex', { write: (mac) => hex(mac).toUpperCase() }, /lower-case hex expected, upper-case hex sent/],
      [
        'the secret of another merchant',
        { secret: alphapo.KEYS.other.secret },
        /^signed with the secret of the demo account other$/,
      ],
    ],
  ],
]

describe.each(SIGNERS)('%s', (_, signer, mistakes) => {
  test('sandgate.hints: every usual mistake is named, in a header of its own', async () => {
    const box = await start()
    const told: [string, string][] = []
    for (const [what, mistake] of mistakes) told.push([what, await hinted(box, signer, mistake)])
    expect(told).toEqual(mistakes.map(([what, , expected]) => [what, expect.stringMatching(expected)]))
  })

  test('sandgate.hints: a call that is signed well, or not signed at all, carries none', async () => {
    const box = await start()
    const stamp = signer.stamp(box.wallMs)
    const right = signer.mac(signer.post, signer.secret, stamp)
    const taken = await box.send(signer.name, {
      ...signer.post,
      headers: { 'content-type': 'application/json', ...signer.headers(right.toString(signer.encoding), stamp) },
    })
    expect(taken.headers['x-sandgate-hint'] ?? '').not.toMatch(/sign/)
    expect((await box.send(signer.name, signer.get)).headers['x-sandgate-hint'] ?? '').not.toMatch(/sign/)
  })

  test('sandgate.hints: whatever is sent for a signature, no answer says which one is right', async () => {
    const box = await start()
    const anyMistake = fc.record(
      {
        sent: fc.constantFrom(
          signer.post,
          signer.get,
          { ...signer.post, body: '' },
          { ...signer.post, body: 'no JSON' },
          { ...signer.post, body: '"\ud800"' },
        ),
        signed: fc.constantFrom(
          signer.post,
          signer.get,
          bare(signer.get),
          { ...signer.post, body: `${BODY}\n` },
          { ...signer.post, path: `/${signer.name}${signer.post.path}x` },
        ),
        secret: fc.oneof(fc.constant(signer.secret), fc.base64String({ minLength: 4 })),
        signedStamp: fc.constantFrom(
          same,
          (stamp: string) => `${stamp}000`,
          () => '',
        ),
        write: fc.oneof(
          fc.constantFrom(
            hex,
            base64,
            (mac: Buffer) => hex(mac).toUpperCase(),
            (mac: Buffer) => mac.toString('base64url'),
            (mac: Buffer) => hex(mac).slice(0, -1),
          ),
          fc.stringMatching(/^[!-~]{1,200}$/).map((text) => () => text),
        ),
      },
      { requiredKeys: ['sent', 'secret', 'write'] },
    )
    await fc.assert(
      fc.asyncProperty(anyMistake, async (mistake) => {
        box.passWall(1000)
        const stamp = signer.stamp(box.wallMs)
        const given = mistake.write(
          signer.mac(mistake.signed ?? mistake.sent, mistake.secret, (mistake.signedStamp ?? same)(stamp)),
        )
        const headers = {
          ...(mistake.sent.body !== undefined && { 'content-type': 'application/json' }),
          ...signer.headers(given, stamp),
        }
        const reply = await box.send(signer.name, { ...mistake.sent, headers })
        silent(reply, signer.mac(mistake.sent, signer.secret, stamp), given)
        expect(reply.status).toBeLessThan(500)
      }),
      { numRuns: 60, seed: 20260516 },
    )
  })
})

describe('the nonce of payward', () => {
  test.each<[string, (nonce: string) => string]>([
    ['first, as text', (nonce) => `{"nonce":"${nonce}",${BODY.slice(1)}`],
    ['first, as a number', (nonce) => `{"nonce":${nonce},${BODY.slice(1)}`],
    ['last, as text', (nonce) => `${BODY.slice(0, -1)},"nonce":"${nonce}"}`],
  ])('sandgate.hints: signed as part of the body, %s', async (_, bodyWith) => {
    const box = await start()
    box.passWall(1000)
    const nonce = PAYWARD.stamp(box.wallMs)
    for (const before of [nonce, '']) {
      const mac = PAYWARD.mac({ ...PAYWARD.post, body: bodyWith(nonce) }, PAYWARD.secret, before)
      const reply = await box.send('payward', {
        ...PAYWARD.post,
        headers: { 'content-type': 'application/json', ...PAYWARD.headers(base64(mac), nonce) },
      })
      expect(reply.headers['x-sandgate-hint']).toMatch(/nonce was signed as part of the body/)
      silent(reply, PAYWARD.mac(PAYWARD.post, PAYWARD.secret, nonce), base64(mac))
    }
  })

  test('sandgate.hints: sent in the body, which was signed without it in front', async () => {
    const box = await start()
    const nonce = PAYWARD.stamp(box.wallMs)
    const sent = { ...PAYWARD.post, body: `{"nonce":"${nonce}",${BODY.slice(1)}` }
    expect(await hinted(box, PAYWARD, { sent, signedStamp: () => '' })).toMatch(/nonce was left out of the signed text/)
  })
})

describe('where the path is signed', () => {
  const signers: [string, Signer, Request][] = [
    ['cpg', CPG, { method: 'GET', path: '/v1/_ping' }],
    ['payward', PAYWARD, PAYWARD.get],
  ]

  /** A call by path or by host name whose signature was made over another path. */
  async function signedOver(box: Kit, signer: Signer, sent: Request, path: string, host?: string): Promise<Reply> {
    box.passWall(1000)
    const stamp = signer.stamp(box.wallMs)
    const signature = signer.mac({ ...sent, path }, signer.secret, stamp).toString(signer.encoding)
    const linePath = host === undefined ? `/${signer.name}${sent.path}` : sent.path
    return box.raw(sent.method, linePath, { ...signer.headers(signature, stamp), ...(host !== undefined && { host }) })
  }

  test.each(signers)(
    'sandgate.signature.both-paths: %s takes its own path and the one on the request line',
    async (_, signer, sent) => {
      const box = await start()
      for (const path of [sent.path, `/${signer.name}${sent.path}`])
        expect((await signedOver(box, signer, sent, path)).status).toBe(200)
      const wrong = await signedOver(box, signer, sent, sent.path.replace('/v1', '/v2'))
      expect([wrong.status < 500, wrong.headers['x-sandgate-hint']]).toEqual([true, expect.stringMatching(NONE)])
      expect(wrong.status).toBeGreaterThanOrEqual(400)
    },
  )

  test.each(signers)(
    'sandgate.signature.both-paths: %s by host name has one path only; the prefix of the other way is told',
    async (_, signer, sent) => {
      const box = await start()
      const host = `${signer.name}.localhost:4010`
      expect((await signedOver(box, signer, sent, sent.path, host)).status).toBe(200)
      const wrong = await signedOver(box, signer, sent, `/${signer.name}${sent.path}`, host)
      expect(wrong.status).toBeGreaterThanOrEqual(400)
      expect(wrong.headers['x-sandgate-hint']).toMatch(new RegExp(`^the path was signed as /${signer.name}/v1/`))
    },
  )

  test.each(signers)('sandgate.hints: %s, the address of the host signed with the path', async (_, signer, sent) => {
    const box = await start()
    const wrong = await signedOver(box, signer, sent, `${box.url}/${signer.name}${sent.path}`)
    expect(wrong.status).toBe(401)
    expect(wrong.headers['x-sandgate-hint']).toMatch(
      /^the path was signed as http:\/\/127\.0\.0\.1:\d+\/\w+\/v1\/[^;]*; the sandbox saw \/v1\//,
    )
  })

  test('sandgate.hints: a path with bytes in it makes no header that cannot be sent', async () => {
    const box = await start()
    for (const path of ['/v1/%E9%0A', '/v1/%0d%0ax-evil:1', '/v1/%22quoted%22']) {
      const reply = await signedOver(box, CPG, { method: 'GET', path }, path.replace('/v1', ''))
      expect([reply.status, reply.headers['x-sandgate-hint']]).toEqual([
        401,
        expect.stringMatching(/^the path was signed as [\x20-\x7e]*$/),
      ])
      expect(reply.headers['x-evil']).toBeUndefined()
    }
  })

  test('sandgate.hints: the clock of the world has no say in them', async () => {
    const box = await start({ clock: START.replace('2026', '2020') })
    expect(await hinted(box, CPG, { write: base64 })).toMatch(/hex expected, base64 sent/)
  })
})

test('sandgate.hints: a base64 whose + became blanks on the way', async () => {
  const box = await start()
  const signed = () => PAYWARD.mac(PAYWARD.get, PAYWARD.secret, PAYWARD.stamp(box.wallMs))
  // Three in four signatures have one.
  while (!base64(signed()).includes('+', 1)) box.passWall(1000)
  const reply = await box.send('payward', {
    ...PAYWARD.get,
    headers: PAYWARD.headers(base64(signed()).replaceAll('+', ' '), PAYWARD.stamp(box.wallMs)),
  })
  expect([reply.status, reply.headers['x-sandgate-hint']]).toEqual([
    401,
    expect.stringMatching(/^the \+ of the base64 became a blank/),
  ])
})

test('sandgate.hints: a secret of hex digits, decoded', async () => {
  const secret = 'c0ffee'.repeat(8)
  const box = await start({ providers: { alphapo: { merchants: { shop: { keys: [{ id: 'shop_key', secret }] } } } } })
  const signature = createHmac('sha512', Buffer.from(secret, 'hex')).update(BODY).digest('hex')
  const reply = await box.send('alphapo', {
    ...ALPHAPO.post,
    headers: {
      'content-type': 'application/json',
      'x-processing-key': 'shop_key',
      'x-processing-signature': signature,
    },
  })
  expect([reply.status, reply.headers['x-sandgate-hint']]).toEqual([403, 'the secret was hex-decoded: use it as text'])
})

/** Escapes some characters of a text as \\u and four hex digits. */
const escaping = (text: string, which: RegExp, upper = false) =>
  text.replace(which, (char) => `\\u${upper ? hex4(char).toUpperCase() : hex4(char)}`)
const hex4 = (char: string) => char.charCodeAt(0).toString(16).padStart(4, '0')
const crlf = (text: string) => text.replaceAll('\n', '\r\n')
/** What `curl -d @file` makes of a file. */
const curled = (file: string) => file.replace(/[\r\n\0]/g, '')
const pretty = (value: unknown, indent: number | string) => JSON.stringify(value, null, indent)

const JOSE = { currency: 'USDT', user: 'José', note: 'a+b@x.example', tags: ['<b>', "k=v'x", 'a/b & "c"'] }
const COMPACT = JSON.stringify(JOSE)
const AMOUNTS = '{"amount":25.00,"fee":0.1,"small":0.0000001,"rate":1e21,"id":9007199254740993,"count":100}'
const FILE = pretty(
  { currency: 'USDT', network: 'ETH', more: { list: [1, 2], none: {}, text: '  two  blanks, {a}' } },
  2,
)

/** What clients of each language send, and what they have signed without knowing; in a row each, all providers' signatures are made over it. */
const LANGUAGES: readonly (readonly [what: string, sent: string, signed: string, expected: RegExp])[] = [
  // A shell
  ['curl -d @file, the file signed', curled(`${FILE}\n`), `${FILE}\n`, /curl -d @file/],
  ['curl -d @file, no newline at its end', curled(FILE), FILE, /curl -d @file/],
  ['curl -d @file, a file of Windows', curled(crlf(`${FILE}\n`)), crlf(`${FILE}\n`), /curl -d @file/],
  ['curl -d @file, four blanks', curled(pretty(JOSE, 4)), `${pretty(JOSE, 4)}\n`, /curl -d @file/],
  ['curl -d @file, tabs', curled(pretty(JOSE, '\t')), `${pretty(JOSE, '\t')}\n`, /curl -d @file/],
  [
    'curl -d @file, written by hand',
    curled('{\n   "a": 1,\n   "list": [1, 2],\n   "b": {}\n}\n'),
    '{\n   "a": 1,\n   "list": [1, 2],\n   "b": {}\n}\n',
    /curl -d @file/,
  ],
  ['curl -d @file, one line', COMPACT, `${COMPACT}\n`, /trailing newline that the sent body has not/],
  ['curl -d @file, one line of Windows', COMPACT, `${COMPACT}\r\n`, /trailing newline that the sent body has not/],
  ['CRLF signed, LF sent', `${FILE}\n`, crlf(`${FILE}\n`), /^CR LF was signed/],
  ['LF signed, CRLF sent', crlf(`${FILE}\n`), `${FILE}\n`, /^LF was signed/],
  ['LF signed without the last, CRLF sent', crlf(`${FILE}\n`), FILE, /^LF was signed/],
  ['jq . signed, jq -c sent', JSON.stringify(JSON.parse(FILE)), `${FILE}\n`, /re-serialised.*newline at the end/],
  ['json.tool signed, compact sent', COMPACT, `${escaping(pretty(JOSE, 4), /[\u0080-\uffff]/g)}\n`, /re-serialised/],
  ['tabs signed, compact sent', COMPACT, pretty(JOSE, '\t'), /re-serialised.*tabs/],
  ['a heredoc with blanks around it', `\n${COMPACT}\n\n`, COMPACT, /blanks or line breaks around the body/],
  ['echo -n in sh', COMPACT, `-n ${COMPACT}\n`, /echo without -n/],
  ['echo in cmd', COMPACT, `'${COMPACT}' \r\n`, /cmd keeps quotes/],
  ['echo without quotes', '{"a":"b","c":1}', '{a:b,c:1}\n', /shell took the quotes out of the signed text/],
  ['curl.exe in PowerShell', '{currency:USDT,n:1}', '{"currency":"USDT","n":1}', /PowerShell does/],
  [
    'printf',
    '{"url":"https:\\/\\/x.example"}',
    '{"url":"https://x.example"}',
    /re-serialised|printf read the backslashes/,
  ],
  [
    'a file of json.dump, compact sent',
    COMPACT,
    `${escaping(COMPACT, /[\u0080-\uffff]/g)}\n`,
    /re-serialised.*newline at the end/,
  ],
  // .NET
  [
    'System.Text.Json',
    COMPACT,
    escaping(escaping(COMPACT, /[<>&'+`\u0080-\uffff]/g, true).replaceAll('\\"', '\u0001'), /\u0001/g).replaceAll(
      '\\u0001',
      '\\u0022',
    ),
    /re-serialised.*System\.Text\.Json/,
  ],
  [
    'System.Text.Json, non-ASCII as it is',
    COMPACT,
    escaping(COMPACT, /[<>&'+`]/g, true).replaceAll('\\"', '\\u0022'),
    /re-serialised.*System\.Text\.Json/,
  ],
  [
    'System.Text.Json, indented on Windows',
    '{"a":"+"}',
    '{\r\n  "a": "\\u002B"\r\n}',
    /re-serialised.*System\.Text\.Json.*CR LF/,
  ],
  [
    'Newtonsoft for HTML',
    COMPACT,
    escaping(COMPACT, /[<>&']/g).replaceAll('\\"', '\\u0022'),
    /re-serialised.*Newtonsoft/,
  ],
  ['JavaScriptSerializer', COMPACT, escaping(COMPACT, /[<>&']/g), /re-serialised.*\.NET/],
  ['Encoding.Unicode', COMPACT, COMPACT, /UTF-16/],
  ['Encoding.ASCII', COMPACT, COMPACT.replace('é', '?'), /signed in ASCII/],
  ['a StreamWriter with a mark', COMPACT, `\ufeff${COMPACT}`, /byte order mark was signed/],
  ['a mark that is sent only', `\ufeff${COMPACT}`, COMPACT, /byte order mark in front of the body was sent/],
  ['ConvertTo-Json', '{"a":"b","c":1}', '{\r\n    "a":  "b",\r\n    "c":  1\r\n}', /re-serialised.*PowerShell/],
  ['a double of .NET', '{"a":0.0000001}', '{"a":1E-07}', /re-serialised.*\.NET/],
  // Java
  ['Jackson, ESCAPE_NON_ASCII', COMPACT, escaping(COMPACT, /[\u0080-\uffff]/g, true), /re-serialised.*upper case/],
  [
    'Jackson, pretty',
    '{"a":[1,{"b":2}],"c":{},"d":[]}',
    '{\n  "a" : [ 1, {\n    "b" : 2\n  } ],\n  "c" : { },\n  "d" : [ ]\n}',
    /re-serialised.*Jackson/,
  ],
  ['Gson', COMPACT, escaping(COMPACT, /[<>&=']/g), /re-serialised.*Gson/],
  ['Gson, numbers of a Map', '{"a":25,"b":[1]}', '{"a":25.0,"b":[1.0]}', /re-serialised.*floats/],
  ['Gson, null fields', '{"a":1,"b":null}', '{"a":1}', /re-serialised.*null fields left out/],
  [
    'org.json',
    '{"zone":"a","amount":"1","currency":"</b>","foreign_id":"x"}',
    '{"foreign_id":"x","amount":"1","zone":"a","currency":"<\\/b>"}',
    /re-serialised.*HashMap/,
  ],
  [
    'a HashMap of Java',
    '{"apple":1.50,"banana":2,"cherry":3}',
    '{"banana":2,"apple":1.50,"cherry":3}',
    /re-serialised.*HashMap/,
  ],
  ['a BigDecimal without zeros', '{"a":100,"b":25.00}', '{"a":1E+2,"b":25}', /re-serialised.*BigDecimal/],
  [
    'a double of Java',
    '{"a":0.0000001,"b":12345678.5}',
    '{"a":1.0E-7,"b":1.23456785E7}',
    /re-serialised.*Java writes a double/,
  ],
  ['a Map as text', '{"a":1,"b":"x"}', '{a=1, b=x}', /object was signed as the text/],
  ['getBytes in Latin-1', COMPACT, COMPACT, /Latin-1/],
  // PHP
  ['json_encode', COMPACT, escaping(COMPACT, /[\u0080-\uffff]/g).replaceAll('/', '\\/'), /re-serialised/],
  ['JSON_UNESCAPED_UNICODE', COMPACT, COMPACT.replaceAll('/', '\\/'), /re-serialised/],
  ['JSON_PRETTY_PRINT', COMPACT, escaping(pretty(JOSE, 4), /[\u0080-\uffff]/g).replaceAll('/', '\\/'), /re-serialised/],
  [
    'JsonResponse of Symfony',
    COMPACT,
    escaping(escaping(COMPACT, /[\u0080-\uffff]/g).replaceAll('/', '\\/'), /[<>&']/g, true).replaceAll(
      '\\"',
      '\\u0022',
    ),
    /re-serialised.*Symfony/,
  ],
  ['an empty object', '{"a":{}}', '{"a":[]}', /re-serialised.*PHP writes an empty array/],
  ['serialize_precision 17', '{"a":0.1,"b":25.5}', '{"a":0.10000000000000001,"b":25.5}', /re-serialised.*17/],
  ['JSON_NUMERIC_CHECK', '{"a":"25.5","b":"7"}', '{"a":25.5,"b":7}', /re-serialised.*JSON_NUMERIC_CHECK/],
  ['an array as text', '{"a":1}', 'Array', /object was signed as the text/],
  ['utf8_encode', COMPACT, Buffer.from(COMPACT).toString('latin1'), /UTF-8 twice/],
  // Go
  ['encoding/json', COMPACT, escaping(COMPACT, /[<>&]/g), /re-serialised/],
  ['encoding/json, U+2028', '{"a":"x\u2028y"}', '{"a":"x\\u2028y"}', /re-serialised/],
  ['a map, sorted', '{"b":1,"a":"<"}', '{"a":"\\u003c","b":1}', /re-serialised/],
  [
    'a number through interface{}',
    '{"a":9007199254740993,"b":1.50}',
    '{"a":9007199254740992,"b":1.5}',
    /re-serialised/,
  ],
  ['%v', '{"b":1,"a":"x"}', 'map[a:x b:1]', /object was signed as the text/],
  ['an Encoder, which ends in a newline', COMPACT, `${COMPACT}\n`, /trailing newline/],
  // Python, Ruby, Rust, JavaScript
  [
    'json.dumps',
    COMPACT,
    escaping(
      COMPACT.replaceAll('","', '", "').replaceAll('":', '": ').replaceAll(',"t', ', "t').replaceAll('"],', '"], '),
      /[\u0080-\uffff]/g,
    ),
    /re-serialised/,
  ],
  ['json.dumps, floats', '{"a":25.00,"b":0.00000001}', '{"a": 25.0, "b": 1e-08}', /re-serialised.*Python/],
  ['json.dumps, sorted', '{"b":1,"a":2}', '{"a": 2, "b": 1}', /re-serialised/],
  ['str of a dict', '{"a":"x","b":null,"c":true}', "{'a': 'x', 'b': None, 'c': True}", /object was signed as the text/],
  ['str of bytes', '{"a":1}', `b'{"a":1}'`, /Python shows them/],
  ['ActiveSupport', COMPACT, escaping(COMPACT, /[<>&]/g), /re-serialised/],
  ['an f64 of serde', '{"a":25,"b":0.1}', '{"a":25.0,"b":0.1}', /re-serialised.*floats/],
  ['JSON.stringify of large and small numbers', AMOUNTS, JSON.stringify(JSON.parse(AMOUNTS)), /re-serialised/],
  ['an object in a template', '{"a":1}', '[object Object]', /object was signed as the text/],
  ['decimals in texts', '{"amount":"25.00"}', '{"amount":"25"}', /re-serialised.*texts that are numbers/],
  ['two decimal places', '{"amount":25}', '{"amount":25.00}', /re-serialised.*two decimal places/],
  ['encodeURIComponent', '{"a":"x y"}', encodeURIComponent('{"a":"x y"}'), /percent-encoded/],
  ['NFD signed, NFC sent', COMPACT, COMPACT.normalize('NFD'), /NFC and NFD/],
  ['NFC signed, NFD sent', COMPACT.normalize('NFD'), COMPACT, /NFC and NFD/],
]

const IN_BYTES: Readonly<Record<string, (text: string) => Buffer>> = {
  'Encoding.Unicode': (text) => Buffer.from(text, 'utf16le'),
  'getBytes in Latin-1': (text) => Buffer.from(text, 'latin1'),
}

describe.each(SIGNERS)('what languages and shells make of a body: %s', (_, signer) => {
  test('sandgate.hints: every row of the table is told by its own sentence', async () => {
    const box = await start()
    const told: [string, string][] = []
    for (const [what, sent, signed] of LANGUAGES) {
      const bytes = (IN_BYTES[what] ?? Buffer.from)(signed)
      const made: Mistake['made'] = (request, secret, stamp) => bodyMac(signer, request, bytes, secret, stamp)
      told.push([what, await hinted(box, signer, { sent: { ...signer.post, body: sent }, made })])
    }
    expect(told).toEqual(LANGUAGES.map(([what, , , expected]) => [what, expect.stringMatching(expected)]))
  })

  test('sandgate.hints: a signature is found however its bytes were written down', async () => {
    const box = await start()
    const own = signer.encoding === 'hex' ? hex : base64
    const rows: [string, (mac: Buffer) => string, RegExp][] = [
      [
        'BitConverter',
        (mac) =>
          hex(mac)
            .toUpperCase()
            .replace(/..(?=.)/g, '$&-'),
        /cut into pieces/,
      ],
      [
        'Java, toHexString of each byte',
        (mac) => [...mac].map((byte) => (byte > 127 ? 'ffffff' : '') + byte.toString(16)).join(''),
        /leading zeros, or with a sign/,
      ],
      ['Arrays.toString', (mac) => `[${[...new Int8Array(mac)].join(', ')}]`, /list of numbers/],
      ['JavaScript, String(bytes)', (mac) => [...mac].join(','), /list of numbers/],
      ['Go, %v', (mac) => `[${[...mac].join(' ')}]`, /list of numbers/],
      ['Go, %x of a hex text', (mac) => Buffer.from(hex(mac)).toString('hex'), /hex text was hex-encoded/],
      [
        'Python, str of a digest',
        (mac) => `b'${[...mac].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'`,
        /Python shows them/,
      ],
      ['Python, str of base64', (mac) => `b'${base64(mac)}'`, /quotes around/],
      ['PHP, base64 of hex', (mac) => base64(Buffer.from(hex(mac))), /hex text was base64-encoded/],
      ['base64 twice', (mac) => base64(Buffer.from(base64(mac))), /base64 text was base64-encoded/],
      ['openssl dgst', (mac) => `HMAC-SHA2-256(stdin)= ${hex(mac)}`, /something before the signature/],
      ['sha256sum', (mac) => `${own(mac)}  -`, /something after the signature/],
      ['JSON.stringify', (mac) => JSON.stringify(own(mac)), /quotes around/],
      ['JSON.stringify twice', (mac) => JSON.stringify(JSON.stringify(own(mac))).slice(1, -1), /quotes around/],
      ['a newline as text', (mac) => `${own(mac)}\\n`, /line break inside/],
      [
        'openssl base64, its second line lost',
        (mac) => base64(mac).slice(0, 64),
        signer.digest === 'sha512' ? /ends where a line was broken/ : /hex expected, base64 sent/,
      ],
      ['xxd -p, its second line lost', (mac) => hex(mac).slice(0, 60), /ends where a line was broken/],
    ]
    const told: [string, string][] = []
    for (const [what, write] of rows) told.push([what, await hinted(box, signer, { write })])
    expect(told).toEqual(rows.map(([what, , expected]) => [what, expect.stringMatching(expected)]))
  })

  test('sandgate.hints: a BigInteger has no zeros in front, and a sign', async () => {
    const box = await start()
    const written = (mac: Buffer) => {
      const value = BigInt(`0x${hex(mac)}`)
      return (mac[0]! > 127 ? value - (1n << BigInt(8 * mac.length)) : value).toString(16)
    }
    const seen = new Set<string>()
    // One MAC in two has a sign, one in sixteen a zero in front.
    for (let turn = 0; turn < 400 && seen.size < 2; turn++) {
      const sent = { ...signer.post, body: JSON.stringify({ turn }) }
      box.passWall(1000)
      const text = written(signer.mac(sent, signer.secret, signer.stamp(box.wallMs + 1000)))
      const kind = text.startsWith('-')
        ? 'sign'
        : text.length < 2 * (signer.digest === 'sha512' ? 64 : 32)
          ? 'zero'
          : ''
      if (kind === '' || seen.has(kind)) continue
      seen.add(kind)
      expect(await hinted(box, signer, { sent, write: written })).toMatch(/as one number|without their leading zeros/)
    }
    expect([...seen].sort()).toEqual(['sign', 'zero'])
  })

  test('sandgate.hints: what is wrong with the secret', async () => {
    const box = await start()
    const rows: [string, (secret: string) => string | Buffer, RegExp][] = [
      ['empty', () => '', /secret was empty/],
      ['undefined', () => 'undefined', /secret was empty/],
      ['a blank', (secret) => `${secret} `, /blank or a byte order mark/],
      ['a byte order mark', (secret) => `\ufeff${secret}`, /blank or a byte order mark/],
      ['a newline', (secret) => `${secret}\n`, /trailing newline/],
      ['a newline as text', (secret) => `${secret}\\n`, /trailing newline/],
      ['base64 of it', (secret) => base64(Buffer.from(secret)), /encoded once more/],
      ['hex of it', (secret) => hex(Buffer.from(secret)), /encoded once more/],
      ['in quotes', (secret) => `"${secret}"`, /quotes around it/],
    ]
    const told: [string, string][] = []
    for (const [what, bend] of rows) {
      told.push([
        what,
        await hinted(box, signer, {
          made: (signed, secret, stamp) =>
            createHmac(signer.digest, bend(secret)).update(signer.text(signed, stamp)).digest(),
        }),
      ])
    }
    expect(told).toEqual(rows.map(([what, , expected]) => [what, expect.stringMatching(expected)]))
  })
})

/** The MAC of a call whose body has these bytes, which may be no text. */
function bodyMac(signer: Signer, { method, path }: Request, body: Buffer, secret: string, stamp: string): Buffer {
  const [bare, query = ''] = path.split('?')
  const text =
    signer.name === 'cpg'
      ? [stamp, method, bare, query, createHash('sha256').update(body).digest('hex')].join('\n')
      : signer.name === 'payward'
        ? Buffer.concat([Buffer.from(path), createHash('sha256').update(stamp).update(body).digest()])
        : body
  return createHmac(signer.digest, signer.keyed(secret)).update(text).digest()
}

describe('how much a wrong signature costs', () => {
  /** How many MACs are made while `work` runs, the two of the provider's own check among them. */
  async function macsDuring(work: () => Promise<unknown>): Promise<number> {
    const { createHmac: real } = crypto
    let made = 0
    crypto.createHmac = (...args) => {
      made++
      return real(...args)
    }
    syncBuiltinESMExports()
    onTestFinished(() => {
      crypto.createHmac = real
      syncBuiltinESMExports()
    })
    await work()
    crypto.createHmac = real
    syncBuiltinESMExports()
    return made
  }

  const BODIES: [string, string, string][] = [
    ['?b=%2F&a=x y', '{"name":"Zoë / <1>","list":[1.0,2],"a":1}', 'everything can be bent'],
    ['', '{"name":"Zoë / <1>","id":1.0}', 'a usual body'],
  ]

  test.each(SIGNERS)(
    'sandgate.hints.cost: %s, never more than 450 MACs, and none at all for what cannot be a signature',
    async (_, signer) => {
      const many = (name: string) =>
        Array.from({ length: 30 }, (_, index) => ({
          id: `${name}-${index}`,
          secret: base64(Buffer.from(`${name} ${index}`)),
        }))
      const more = signer.name === 'cpg' ? { currencies: [] } : {}
      const shop =
        signer.name === 'payward' ? { keys: many('shop'), ids: ['WSHOP5GATE2MAIN77'] } : { keys: many('shop'), ...more }
      const rest =
        signer.name === 'payward' ? { keys: many('rest'), ids: ['WREST5GATE2MAIN77'] } : { keys: many('rest'), ...more }
      const box = await start({
        providers: { [signer.name]: { [signer.name === 'alphapo' ? 'merchants' : 'accounts']: { shop, rest } } },
      })
      const wrong = signer.mac(signer.post, 'd3Jvbmc=', '').toString(signer.encoding)
      const send = async (signature: string, query: string, body: string, key: string) => {
        box.passWall(1000)
        const headers = { 'content-type': 'application/json', ...signer.headers(signature, signer.stamp(box.wallMs)) }
        const named = Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, value === signer.key ? key : value]),
        )
        const reply = await box.raw(
          'POST',
          `/${signer.name}${signer.post.path}${query.replace(' ', '%20')}`,
          named,
          body,
        )
        expect([reply.status === 401 || reply.status === 403, reply.headers['x-sandgate-hint']]).toEqual([
          true,
          expect.stringMatching(NONE),
        ])
        return reply.headers['x-sandgate-hint']!
      }
      for (const [query, body] of BODIES) {
        const most = await macsDuring(() => send(wrong, query, body, 'shop-3'))
        expect(most).toBeGreaterThan(40)
        expect(most).toBeLessThanOrEqual(452)
      }
      // In the world that everybody starts with, nothing is left untried.
      expect(await send(wrong, ...(BODIES[1]!.slice(0, 2) as [string, string]), signer.key)).not.toMatch(/not all/)
      for (const none of ['signature', wrong.slice(0, -9), wrong.repeat(9)])
        expect(await macsDuring(() => send(none, '', BODY, signer.key))).toBeLessThanOrEqual(2)
    },
  )

  test.each(SIGNERS)(
    'sandgate.hints.cost: %s, a large body is tried a few times only, and that is said',
    async (_, signer) => {
      const box = await start()
      const body = JSON.stringify({ name: 'x'.repeat(1_000_000) })
      let told = ''
      const most = await macsDuring(async () => {
        told = await hinted(box, signer, {
          sent: { ...signer.post, body },
          secret: base64(Buffer.from('not this one')),
        })
      })
      expect(most).toBeLessThanOrEqual(8 + 4)
      expect(told).toMatch(/not all of them were tried, because the body is large$/)
      expect(
        await hinted(box, signer, { sent: { ...signer.post, body: `${body}\n` }, signed: { ...signer.post, body } }),
      ).toMatch(/^the sent body has a trailing newline/)
    },
  )

  test.each(SIGNERS)(
    'sandgate.hints.cost: %s, no body makes a pattern look at it again and again',
    async (_, signer) => {
      const box = await start()
      const many = 1_000_000
      for (const body of [
        `{"a":1${' '.repeat(many)}}`,
        `{${'\n'.repeat(many)}}`,
        `{"a":"${'\\\\'.repeat(many / 2)}"}`,
        '"'.repeat(many),
        `{${'a'.repeat(many)}`,
        `[${'0'.repeat(60_000)}]`,
        `{"a":${'9'.repeat(60_000)}.${'0'.repeat(3_000)}}`,
        `{"a":"1${'0'.repeat(60_000)}"}`,
        `{"a":1${' '.repeat(60_000)}}`,
      ]) {
        expect(
          await hinted(box, signer, { sent: { ...signer.post, body }, secret: base64(Buffer.from('not this one')) }),
        ).toMatch(NONE)
      }
    },
  )

  test.each(SIGNERS)(
    'sandgate.hints.cost: %s, a body nested without end is refused like any other',
    async (_, signer) => {
      const box = await start()
      for (const depth of [200, 5_000, 200_000]) {
        const body = '['.repeat(depth) + ']'.repeat(depth)
        expect(
          await hinted(box, signer, { sent: { ...signer.post, body }, secret: base64(Buffer.from('not this one')) }),
        ).toMatch(NONE)
      }
    },
  )
})

describe('keys that nobody has', () => {
  const SENDERS: readonly {
    name: string
    title: string
    key: string
    secret?: string
    send(box: Kit, key: string, prefix?: string): Promise<Reply>
  }[] = [
    ...[CPG, PAYWARD, ALPHAPO].map((signer, index) => ({
      name: signer.name,
      title: ['CPG', 'Payward', 'AlphaPo'][index]!,
      key: signer.key,
      secret: signer.secret,
      send: async (box: Kit, key: string, prefix = '') => {
        const stamp = signer.stamp(box.wallMs)
        const headers = signer.headers(signer.mac(signer.post, signer.secret, stamp).toString(signer.encoding), stamp)
        const named = Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, value === signer.key ? key : value]),
        )
        return box.raw(
          'POST',
          `${prefix}/${signer.name}${signer.post.path}`,
          { 'content-type': 'application/json', ...named },
          BODY,
        )
      },
    })),
    {
      name: 'zopay',
      title: 'Zopay',
      key: zopay.KEYS.demo,
      send: (box, key, prefix = '') =>
        box.raw('GET', `${prefix}/zopay/connect/v1/addresses`, { authorization: `Bearer ${key}` }),
    },
  ]

  test.each(SENDERS.map((sender) => [sender.name, sender] as const))(
    'sandgate.hints.key: %s says what the key looks like, and never repeats it',
    async (_, sender) => {
      const box = await start()
      await box.control('POST', '/worlds', { id: 'ci' })
      const rows: [what: string, key: string, expected: RegExp, prefix?: string][] = [
        [
          'nobody’s',
          sender.key.replace(/demo.*/, 'nobody'),
          /^no account of this world has this key; the demo keys are printed/,
        ],
        ['nothing like one', 'Zm9v', /^no account of this world has this key/],
        ['a member of Object', '__proto__', /^no account of this world has this key/],
        ['in upper case', sender.key.toUpperCase(), /^upper and lower case count in a key, and only in them/],
        ['in quotes', `"${sender.key}"`, /^the key is in quotes or brackets/],
        ['in brackets', `<${sender.key}>`, /^the key is in quotes or brackets/],
        ['a blank that does not break', `${sender.key}\u00a0`, /^there are blanks or a newline around the key/],
        ['an encoded newline', `${sender.key}%0A`, /^there are blanks or a newline around the key/],
        ['a spelled newline', `${sender.key}\\n`, /^there are blanks or a newline around the key/],
        ['twice', `${sender.key}, ${sender.key}`, /^the header was sent twice/],
        ['behind a colon', `:${sender.key}`, /^there is a colon or an equals sign/],
        ['with something behind a colon', `${sender.key}:x`, /joined by a colon/],
        ['percent-encoded', sender.key.replaceAll('_', '%5F'), /^the key was percent-encoded/],
        ['base64-encoded', base64(Buffer.from(`${sender.key}:`)), /^the key was base64-encoded/],
        ['shown by Python', `b'${sender.key}'`, /^the key is in quotes or brackets/],
        ['not filled in', '${API_KEY}', /^no key was put in where it belongs/],
        ['undefined', 'undefined', /^no key was put in where it belongs/],
        ['with a world that is not there', `${sender.key}.nowhere`, /no world of that name$/],
        [
          'with a world, in a world',
          `${sender.key}.ci`,
          /^the key ends in the name of a world, but the URL names one already/,
          '/w/ci',
        ],
        ...(sender.secret === undefined
          ? []
          : ([
              ['behind Bearer', `Bearer ${sender.key}`, /^the key is after the word Bearer: send it bare$/],
              ['the secret', sender.secret, /^this is a secret, not a key/],
            ] as [string, string, RegExp][])),
        ...SENDERS.filter(({ name }) => name !== sender.name).flatMap(
          ({ name, title, key }): [string, string, RegExp][] => [
            [
              `the one of ${name}`,
              key,
              new RegExp(`^the key looks like one of ${title}, but this is ${sender.title}$`),
            ],
            [
              `one like those of ${name}`,
              key.replace(/demo.*/, 'mine'),
              new RegExp(`^the key looks like one of ${title}, but this is ${sender.title}$`),
            ],
          ],
        ),
      ]
      const told: [string, number, string | undefined][] = []
      for (const [what, key, , prefix] of rows) {
        const reply = await sender.send(box, key, prefix)
        told.push([what, reply.status, reply.headers['x-sandgate-hint']])
        expect(JSON.stringify(reply.headers) + reply.text).not.toContain(key)
        for (const { key, secret = key } of SENDERS)
          expect(JSON.stringify(reply.headers) + reply.text).not.toMatch(new RegExp(`${key}|${secret}`))
      }
      const refused = sender.name === 'alphapo' ? 403 : 401
      expect(told).toEqual(rows.map(([what, , expected]) => [what, refused, expect.stringMatching(expected)]))
    },
  )

  const ADDRESSES = [cpg.client, payward.client, alphapo.client, zopay.client].map(
    (client) =>
      [
        client.name,
        client,
        client.good.createDepositAddress ?? client.good.takeAddress ?? client.good.createAddress,
      ] as const,
  )

  test.each(ADDRESSES)(
    'sandgate.hints.key: a call of %s that came to another provider is told where it belongs',
    async (name, client, good) => {
      const box = await start()
      for (const [other, , theirs] of ADDRESSES.filter(([other]) => other !== name)) {
        const { headers, body } = client.sign(good!(), box.wallMs)
        const reply = await box.raw(
          'POST',
          `/${other}${theirs!().path}`,
          { ...headers, 'idempotency-key': 'a6a1fd8c-3cf0-4f61-9c0a-0c1f0d2b7a11' },
          body,
        )
        const [mine, its] = [name, other].map((name) => SENDERS.find((sender) => sender.name === name)!.title)
        expect([other, reply.headers['x-sandgate-hint']]).toEqual([
          other,
          `the call carries a key of ${mine} in a header of ${mine}, but this is ${its}: look at the base URL`,
        ])
      }
    },
  )

  test('sandgate.hints.key: keys of a config file are known as well, and told as little', async () => {
    const accounts = { shop: { keys: [{ id: 'Mine-And-Only', secret: 'whatever' }], currencies: [] } }
    const box = await start({ providers: { cpg: { accounts } } })
    const [ours, , , theirs] = SENDERS
    expect((await ours!.send(box, 'mine-and-only')).headers['x-sandgate-hint']).toMatch(/^upper and lower case count/)
    expect((await ours!.send(box, 'whatever')).headers['x-sandgate-hint']).toMatch(/^this is a secret, not a key/)
    expect((await theirs!.send(box, 'Mine-And-Only')).headers['x-sandgate-hint']).toBe(
      'the key looks like one of CPG, but this is Zopay',
    )
  })

  test('sandgate.hints.key: of the three headers of CPG those that are missing are named', async () => {
    const box = await start()
    const { headers } = cpg.client.sign(cpg.client.good.ping!(), box.wallMs)
    const { 'x-cpg-timestamp': _, ...untimed } = headers!
    expect((await box.raw('GET', '/cpg/v1/_ping', untimed)).headers['x-sandgate-hint']).toBe('missing: X-CPG-Timestamp')
    expect((await box.raw('GET', '/cpg/v1/_ping', { 'x-cpg-key': cpg.KEYS.demo.key })).headers['x-sandgate-hint']).toBe(
      'missing: X-CPG-Timestamp, X-CPG-Signature',
    )
    expect((await box.raw('GET', '/cpg/v1/_ping')).headers['x-sandgate-hint']).toBeUndefined()
  })
})

test.each<[string, string, string, string]>([
  ['cpg', 'POST', '/v1/deposit-request', 'POST /v1/deposit-addresses'],
  ['cpg', 'GET', '/v1/deposit-request/48213', 'GET /v1/deposit-requests/{request_id}'],
  ['zopay', 'POST', '/v1/addresses', 'POST /connect/v1/addresses'],
  [
    'payward',
    'POST',
    '/v1/accounts/WDEMO5GATE2MAIN77/funds/deposit/addresses',
    'POST /v1/accounts/{account_id}/funds/deposits/addresses',
  ],
  ['alphapo', 'POST', '/addresses/take', 'POST /api/v2/addresses/take'],
  // Its predecessor, and the exchange behind it
  [
    'payward',
    'GET',
    '/b2b/funds/deposits/methods/BTC?user=AA11',
    'GET /v1/accounts/{account_id}/funds/deposits/methods/{asset_symbol}',
  ],
  [
    'payward',
    'POST',
    '/b2b/funds/deposits/addresses?user=AA11',
    'POST /v1/accounts/{account_id}/funds/deposits/addresses',
  ],
  ['payward', 'GET', '/b2b/funds/deposits/addresses', 'GET /v1/accounts/{account_id}/funds/deposits/addresses'],
  ['payward', 'POST', '/b2b/funds/withdrawals', 'POST /v1/accounts/{account_id}/funds/withdrawals'],
  ['payward', 'POST', '/b2b/funds/withdrawals/addresses', 'POST /v1/accounts/{account_id}/funds/withdrawals/addresses'],
  ['payward', 'GET', '/b2b/funds/transactions', 'GET /v1/funds/transactions'],
  ['payward', 'POST', '/b2b/quotes', 'POST /v1/accounts/{account_id}/quotes'],
  ['payward', 'PUT', '/b2b/quotes/Q1', 'POST /v1/accounts/{account_id}/quotes/{quote_id}/execute'],
  ['payward', 'GET', '/b2b/portfolio/AA11/summary', 'GET /v1/accounts/{account_id}/portfolio/summary'],
  ['payward', 'GET', '/b2b/users/AA11', 'GET /v1/users/{user_id}'],
  ['payward', 'GET', '/b2b/assets/BTC/rates', 'GET /v1/assets/{asset_type}/{asset_symbol}/rates'],
  [
    'payward',
    'GET',
    '/v1/funds/deposits/methods/USDC',
    'GET /v1/accounts/{account_id}/funds/deposits/methods/{asset_symbol}',
  ],
  ['payward', 'POST', '/0/private/DepositAddresses', 'POST /v1/accounts/{account_id}/funds/deposits/addresses'],
  // What clients of its sibling send, or guess
  ['alphapo', 'POST', '/api/v1/addresses/take', 'POST /api/v2/addresses/take'],
  ['alphapo', 'POST', '/api/v2/balance', 'POST /api/v2/accounts/list'],
  ['alphapo', 'POST', '/api/v2/invoice/new', 'POST /api/v2/invoices/create'],
  ['alphapo', 'POST', '/api/v2/withdrawal/list', 'GET /api/v2/transactions/info'],
  ['alphapo', 'POST', '/api/v2/futures/now', 'POST /api/v2/exchange/now'],
  ['cpg', 'POST', '/api/v1/deposit-addresses', 'POST /v1/deposit-addresses'],
  ['zopay', 'POST', '/connect/v1/payment_intents', 'POST /connect/v1/payment-intents'],
])(
  'sandgate.hints.path: %s %s %s is told the nearest path, outside of the provider\u2019s own bytes',
  async (name, method, path, nearest) => {
    const box = await start()
    const client = [cpg, zopay, payward, alphapo].map((module) => module.client).find((client) => client.name === name)!
    const reply = await box.call(client, { method, path, ...(method === 'POST' && { body: '{}' }) })
    expect([400, 401, 403, 404]).toContain(reply.status)
    expect(reply.headers['x-sandgate-hint']).toMatch(
      new RegExp(`; did you mean ${nearest.replaceAll(/[{}]/g, '\\$&')}\\?$`),
    )
    expect(reply.text).not.toContain('did you mean')
    expect((await box.entry(reply)).hint).toBe(reply.headers['x-sandgate-hint'])
  },
)

test('sandgate.hints.path: a path that is there, with another method, is no mistake in the path', async () => {
  const box = await start()
  const reply = await box.call(cpg.client, { method: 'DELETE', path: '/v1/deposit-addresses' })
  expect([reply.status, reply.headers['x-sandgate-hint']]).toEqual([405, undefined])
})
