// HAR files in the manner of each tool, of the traffic with each provider, refusals and other hosts included: imported and replayed without an edit.
import { describe, expect, test } from 'vitest'
import type { RecordedCall } from '../../src/casefile/format.ts'
import { differs, imported } from './play.ts'
import {
  blackedOut,
  charles,
  chrome,
  fiddler,
  firefox,
  headerless,
  insomnia,
  mitmproxy,
  newman,
  packed,
  playwright,
  type Written,
} from './tools.ts'
import { NAMES, spokenWith, type Spoken } from './traffic.ts'

const TOOLS: readonly (readonly [tool: string, write: (spoken: readonly Spoken[]) => Written])[] = [
  ['Chrome', (spoken) => chrome(spoken)],
  ['Chrome, sanitised', (spoken) => chrome(spoken, { sanitized: true })],
  ['Firefox', (spoken) => firefox(spoken)],
  ['Firefox without bodies', (spoken) => firefox(spoken, { bodies: false })],
  ['Charles', charles],
  ['mitmproxy', mitmproxy],
  ['Playwright', (spoken) => playwright(spoken, 'embed')],
  ['Playwright, bodies omitted', (spoken) => playwright(spoken, 'omit')],
  ['Playwright, bodies attached', (spoken) => playwright(spoken, 'attach')],
  ['Insomnia', insomnia],
  ['newman', newman],
  ['Fiddler', fiddler],
  ['Safari and Proxyman', packed],
  ['a sanitiser', blackedOut],
  ['a tool without headers', headerless],
]

describe.each(NAMES)('%s', (name) => {
  test.each(TOOLS)(
    'sandgate.import.tolerant: a HAR file as %s writes it imports and replays without an edit',
    async (_, write) => {
      const spoken = await spokenWith(name)
      const written = write(spoken)
      const { recording, told } = await imported(name, written)
      const calls = recording.journal as RecordedCall[]
      expect(calls.map(({ method, answer }) => [method, answer.status])).toEqual(
        spoken.map(({ request, reply }) => [request.method, reply.status]),
      )
      expect(await differs(recording)).toBeUndefined()
      // What is there is compared: every body is held against ours, unless the tool left it out.
      const lacking = calls.filter(({ compare }) =>
        compare!.left_out?.some((part) => part === (written.lacks ?? 'nothing')),
      )
      expect(lacking.length).toBe(written.lacks ? calls.length : 0)
      if (written.lacks)
        expect(told.join(' ')).toMatch(
          written.lacks === 'body' ? /Not compared.*\b\d+ bodies/ : /Not compared.*\d+ answers' headers/,
        )
      else expect(told.join(' ')).not.toMatch(/Not compared.*(body|bodies|answer)/)
    },
  )
})
