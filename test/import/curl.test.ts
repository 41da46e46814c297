// Transcripts of curl, for each shell and each way of printing, of the traffic with each provider: imported and replayed without an edit.
import { describe, expect, test } from 'vitest'
import type { RecordedCall } from '../../src/keep/recording.ts'
import { differs, imported } from './play.ts'
import { bash, chromeBash, chromeCmd, hereDocument, included, oneLine, powershell, pretty, verbose } from './terminal.ts'
import { NAMES, spokenWith, type Spoken } from './traffic.ts'

const TRANSCRIPTS: readonly (readonly [what: string, write: (spoken: readonly Spoken[]) => string, holds: { readonly status: boolean; readonly headers: boolean }])[] = [
  ['commands in bash, each with what curl -v printed', (spoken) => spoken.map((call) => `$ ${bash(call, '-v')}\n${verbose(call)}`).join('\n\n'), { status: true, headers: true }],
  ['commands for one line, with curl -i', (spoken) => spoken.map((call) => `${oneLine(call)}\n${included(call)}`).join(''), { status: true, headers: true }],
  ['Chrome\'s commands for bash, the output of curl -v behind them all', (spoken) => `${spoken.map(chromeBash).join('\n')}\n\n# and this is what came back\n${[...spoken].map(verbose).join('\n')}`, { status: true, headers: true }],
  ['Chrome\'s commands for cmd, with curl -i', (spoken) => spoken.map((call) => `C:\\shop>${chromeCmd(call)}\r\n${included(call)}\r\n`).join('\r\n'), { status: true, headers: true }],
  ['commands in PowerShell, with the body alone', (spoken) => spoken.map((call) => `${powershell(call)}\n${pretty(call)}\n`).join('\n'), { status: false, headers: false }],
  ['commands with a here-document, and the status behind the body', (spoken) => spoken.map((call) => `${hereDocument(call).replace('curl ', "curl -s -w '%{http_code}' ")}\n${call.reply.text}${call.reply.status}\n`).join('\n'), { status: true, headers: false }],
  ['commands alone', (spoken) => spoken.map((call) => bash(call)).join('\n\n'), { status: false, headers: false }],
]

describe.each(NAMES)('%s', (name) => {
  test.each(TRANSCRIPTS)('sandgate.import.curl: %s import and replay without an edit', async (_, write, holds) => {
    const spoken = await spokenWith(name)
    const { recording } = await imported(name, { file: Buffer.from(write(spoken)) })
    const calls = recording.journal as RecordedCall[]
    expect(calls.map(({ method, body }) => [method, body && JSON.parse(body)])).toEqual(spoken.map(({ request }) => [request.method, request.body && JSON.parse(request.body)]))
    expect(calls.map(({ answer }) => answer.status)).toEqual(spoken.map(({ reply }) => (holds.status ? reply.status : null)))
    if (holds.headers) expect(calls.map(({ answer }) => answer.headers['content-type'])).toEqual(spoken.map(({ reply }) => reply.headers['content-type']))
    expect(await differs(recording)).toBeUndefined()
  })
})
