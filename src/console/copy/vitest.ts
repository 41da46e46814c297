// A call of the journal as a test for vitest: one that makes the call in a sandbox of its own, and one that asks this sandbox whether it was made.
import type { Entry } from '../api/shapes.ts'
import { callArguments } from './curl.ts'
import { aboutOf, type Place, sentOf } from './sent.ts'
import { verifyBody } from './verify.ts'

/** Makes the call anew, in a sandbox of its own. Undefined: the entry is not a call. */
export function testOf(entry: Entry, place: Place, seed: string): string | undefined {
  const sent = sentOf(entry)
  if (!sent) return undefined
  const { provider } = sent
  const words = ['sandgate', 'call', ...callArguments(sent)].map(literal)
  const filter = entry.operation === undefined ? '' : `, operation: ${literal(entry.operation)}`
  return `// ${aboutOf(entry, place)}
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createSandbox } from 'sandgate'
import { expect, test } from 'vitest'

test(${literal(titleOf(entry))}, async () => {
  await using sandbox = await createSandbox({ port: 0, seed: ${literal(seed)}, clock: ${literal(entry.at)} })

  // Put your own code here: it calls sandbox.provider(${literal(provider)}).baseUrl. Until then the call is signed with a demo key.
  const words = [${words.join(', ')}, '--url', sandbox.url]
  await promisify(execFile)('npx', words).catch(() => undefined)

  const [call] = await sandbox.calls({ provider: ${literal(provider)}${filter} })
  expect(call).toMatchObject({ ${expectedOf(entry)} })
}, 60_000)
`
}

/** Asks the sandbox that has the call whether it was made. Undefined: the entry is not a call, or of no operation. */
export function verifyTestOf(entry: Entry, place: Place): string | undefined {
  const body = verifyBody(entry)
  if (body === undefined) return undefined
  const options = [
    ...(place.world === 'default' ? [] : [`world: ${literal(place.world)}`]),
    ...(place.token ? ['token: process.env.SANDGATE_CONTROL_TOKEN'] : []),
  ].join(', ')
  return `// ${aboutOf(entry, place)}
import { connectSandbox } from 'sandgate'
import { expect, test } from 'vitest'

test(${literal(`${entry.operation} was called`)}, async () => {
  await using sandbox = await connectSandbox(${literal(place.origin)}${options === '' ? '' : `, { ${options} }`})
  const { ok, closest } = await sandbox.verify(${body})
  expect(ok, JSON.stringify(closest)).toBe(true)
})
`
}

function titleOf({ operation, method, path, status, refusal }: Entry): string {
  const call = operation ?? `${method} ${path}`
  if (status == null || status === 0) return `${call} is cut off`
  return `${call} is answered with ${status}${refusal === undefined ? '' : `, ${refusal}`}`
}

function expectedOf({ status, refusal }: Entry): string {
  if (status == null || status === 0) return 'refused: true'
  return `status: ${status}${refusal === undefined ? '' : `, refusal: ${literal(refusal)}`}`
}

/** A text in single quotes of TypeScript. */
function literal(text: string): string {
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
    .replaceAll("'", String.raw`\'`)
  return `'${escaped}'`
}
