// Transcripts of curl, for each shell and each way of printing, of the traffic with each provider: imported and replayed without an edit.
import { describe, expect, test } from 'vitest'
import type { RecordedCall } from '../../src/casefile/format.ts'
import { differs, imported } from './play.ts'
import {
  bash,
  chromeBash,
  chromeCmd,
  hereDocument,
  included,
  oneLine,
  powershell,
  pretty,
  verbose,
} from './terminal.ts'
import { NAMES, spokenWith, type Spoken } from './traffic.ts'

const TRANSCRIPTS: readonly (readonly [
  what: string,
  write: (spoken: readonly Spoken[]) => string,
  holds: { readonly status: boolean; readonly headers: boolean },
])[] = [
  [
    'commands in bash, each with what curl -v printed',
    (spoken) => spoken.map((call) => `$ ${bash(call, '-v')}\n${verbose(call)}`).join('\n\n'),
    { status: true, headers: true },
  ],
  [
    'commands for one line, with curl -i',
    (spoken) => spoken.map((call) => `${oneLine(call)}\n${included(call)}`).join(''),
    { status: true, headers: true },
  ],
  [
    "Chrome's commands for bash, the output of curl -v behind them all",
    (spoken) =>
      `${spoken.map(chromeBash).join('\n')}\n\n# and this is what came back\n${[...spoken].map(verbose).join('\n')}`,
    { status: true, headers: true },
  ],
  [
    "Chrome's commands for cmd, with curl -i",
    (spoken) => spoken.map((call) => `C:\\shop>${chromeCmd(call)}\r\n${included(call)}\r\n`).join('\r\n'),
    { status: true, headers: true },
  ],
  [
    'commands in PowerShell, with the body alone',
    (spoken) => spoken.map((call) => `${powershell(call)}\n${pretty(call)}\n`).join('\n'),
    { status: false, headers: false },
  ],
  [
    'commands with a here-document, and the status behind the body',
    (spoken) =>
      spoken
        .map(
          (call) =>
            `${hereDocument(call).replace('curl ', "curl -s -w '%{http_code}' ")}\n${call.reply.text}${call.reply.status}\n`,
        )
        .join('\n'),
    { status: true, headers: false },
  ],
  ['commands alone', (spoken) => spoken.map((call) => bash(call)).join('\n\n'), { status: false, headers: false }],
]

describe.each(NAMES)('%s', (name) => {
  test.each(TRANSCRIPTS)('sandgate.import.curl: %s import and replay without an edit', async (_, write, holds) => {
    const spoken = await spokenWith(name)
    const { recording } = await imported(name, { file: Buffer.from(write(spoken)) })
    const calls = recording.journal as RecordedCall[]
    expect(calls.map(({ method, body }) => [method, body && JSON.parse(body)])).toEqual(
      spoken.map(({ request }) => [request.method, request.body && JSON.parse(request.body)]),
    )
    expect(calls.map(({ answer }) => answer.status)).toEqual(
      spoken.map(({ reply }) => (holds.status ? reply.status : null)),
    )
    if (holds.headers)
      expect(calls.map(({ answer }) => answer.headers['content-type'])).toEqual(
        spoken.map(({ reply }) => reply.headers['content-type']),
      )
    expect(await differs(recording)).toBeUndefined()
  })
})

describe('sandgate.import.curl: commands as people write them', () => {
  const BASE = 'https://api.cpg.example/v1'
  const BODY = '{"currency":"USDT","network":"ETH","user_identifier":"it\'s é"}'
  const CREATE = ['POST', '/v1/deposit-addresses', undefined, BODY]

  test.each<[string, string, unknown[][]]>([
    [
      'values glued to letters, letters in one word',
      `curl -sSkXPOST ${BASE}/deposit-addresses -d'${BODY.replace("'", "'\\''")}' -HContent-Type:application/json`,
      [CREATE],
    ],
    [
      'long options with an equals sign',
      `curl --request=POST --url=${BASE}/deposit-addresses --data=$'${BODY.replace("'", "\\'").replace('é', '\\xc3\\xa9')}'`,
      [CREATE],
    ],
    [
      'double quotes in bash, a comment, a pipe',
      `curl "${BASE}/deposit-addresses" --data-raw "${BODY.replaceAll('"', '\\"')}" # as it was\n`,
      [CREATE],
    ],
    ['a here-string', `curl ${BASE}/deposit-addresses -d @- <<< '${BODY.replace("'", "'\\''")}' 2>&1 | jq .`, [CREATE]],
    [
      'a here-document behind a pipe',
      `curl -s ${BASE}/deposit-addresses --data-binary @- <<-"EOF" | jq .\n${BODY}\nEOF\ncurl ${BASE}/_ping`,
      [
        ['POST', '/v1/deposit-addresses', undefined, `${BODY}\n`],
        ['GET', '/v1/_ping', undefined, undefined],
      ],
    ],
    [
      'blanks behind a backslash',
      `curl -X POST \\  \n  ${BASE}/deposit-addresses \\ \n  -d '${BODY.replace("'", "'\\''")}'`,
      [CREATE],
    ],
    [
      'PowerShell with double quotes and a here-string',
      `PS C:\\> curl.exe -X POST \`\n "${BASE}/deposit-addresses" \`\n -d @'\n${BODY}\n'@`,
      [CREATE],
    ],
    [
      'cmd with plain quotes',
      `C:\\>curl "${BASE}/transactions?limit=5^&direction=deposit" ^\r\n -H "A: b"\r\n`.replace('^&', '&'),
      [['GET', '/v1/transactions', 'limit=5&direction=deposit', undefined]],
    ],
    [
      '-G, --url-query and --data-urlencode',
      `curl -G ${BASE}/transactions -d limit=5 --data-urlencode 'status=a b&c' --url-query network=ETH`,
      [['GET', '/v1/transactions', 'limit=5&status=a%20b%26c&network=ETH', undefined]],
    ],
    [
      'several commands on one line, and --next',
      `curl ${BASE}/_ping && curl ${BASE}/currencies; curl ${BASE}/_ping --next -X PATCH ${BASE}/currencies`,
      [
        ['GET', '/v1/_ping', undefined, undefined],
        ['GET', '/v1/currencies', undefined, undefined],
        ['GET', '/v1/_ping', undefined, undefined],
        ['PATCH', '/v1/currencies', undefined, undefined],
      ],
    ],
    [
      'variables, no scheme, a substitution',
      `API=x T=1 curl -H "X-CPG-Timestamp: $(date "+%s")" -H "X-CPG-Key: $KEY" "$BASE_URL/v1/_ping"\ncurl api.cpg.example/v1/currencies`,
      [
        ['GET', '/v1/_ping', undefined, undefined],
        ['GET', '/v1/currencies', undefined, undefined],
      ],
    ],
    [
      'prose around it',
      `We've tried curl; it doesn't work:\n1. curl ${BASE}/_ping\n# curl says it's "fine\n\`curl ${BASE}/currencies\``,
      [
        ['GET', '/v1/_ping', undefined, undefined],
        ['GET', '/v1/currencies', undefined, undefined],
      ],
    ],
  ])('%s', async (_, text, expected) => {
    const { recording } = await imported('cpg', { file: Buffer.from(text) })
    expect(
      (recording.journal as RecordedCall[]).map(({ method, path, query, body }) => [method, path, query, body]),
    ).toEqual(expected)
  })

  test('of curl -i with redirects the last answer counts, of curl -v each request has its own', async () => {
    const redirected = `$ curl -iL ${BASE}/_ping\nHTTP/1.1 307 Temporary Redirect\nLocation: /v1/_ping\n\nHTTP/2 429 \nContent-Type: application/json\n\n{"success":false,"message":"Rate limit exceeded"}`
    expect((await imported('cpg', { file: Buffer.from(redirected) })).recording.journal).toMatchObject([
      { answer: { status: 429 }, refused: { name: 'rate_limited' } },
    ])
  })

  test('headers in any case, printed twice, in colour and with the time, and a date that gives the instant', async () => {
    const lines = [
      '> GET /v1/_ping HTTP/2',
      '> host: api.cpg.example',
      '> ',
      '< HTTP/2 200 ',
      'HTTP/2 200 ',
      '< \u001b[1mContent-Type\u001b[0m: application/json',
      'Content-Type: application/json',
      '< DATE: Mon, 02 Mar 2026 10:00:00 GMT',
      'DATE: Mon, 02 Mar 2026 10:00:00 GMT',
      '< ',
      '',
      '{"success":true,"message":"OK","data":{"pong":true}}',
    ]
    const { recording } = await imported('cpg', {
      file: Buffer.from(lines.map((line, index) => `10:00:00.${String(index).padStart(6, '0')} ${line}`).join('\r\n')),
    })
    expect(recording.journal).toMatchObject([
      {
        at: '2026-03-02T10:00:00.000Z',
        answer: { status: 200, headers: { 'content-type': 'application/json' } },
        compare: { headers: ['content-type'] },
      },
    ])
    expect(await differs(recording)).toBeUndefined()
  })
})
