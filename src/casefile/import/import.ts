// The file that somebody hands in, whatever wrote it: a HAR file, commands of curl, or what curl printed. Its calls are read by har.ts or transcript.ts
// and become a case in case.ts.
import { gunzipSync } from 'node:zlib'
import { Unusable } from '../format.ts'
import { jsonOf, textOf, UnreadableText } from '../../text/reading.ts'
import { Unpacker } from './bodies.ts'
import type { Importing } from './calls.ts'
import { caseOf, type Imported } from './case.ts'
import { type Beside, exchangesOf } from './har.ts'
import { exchangesIn, isTranscript } from './transcript.ts'

/** The most that is read of a file. */
export const IMPORT_BYTES = 256 * 1024 * 1024
/** Nobody has that much in a terminal. */
const TRANSCRIPT_BYTES = 16 * 1024 * 1024

const NEITHER =
  'it is neither a HAR file nor a transcript of curl: a HAR file begins with { and has log.entries, a transcript has a line with curl and a URL, or lines such as "> POST /v1/… HTTP/1.1"'

/** Throws `Unusable` when nothing in it can be played. `beside` reads what stands in the same folder. */
export function importTraffic(file: Buffer, importing: Importing, beside: Beside = () => undefined): Imported {
  const bytes = unpacked(file)
  const text = refusing(() => textOf(bytes))
  if (/^\s*[[{"]/.test(text))
    return caseOf(
      exchangesOf(
        refusing(() => jsonOf(bytes)),
        beside,
        new Unpacker(),
      ),
      importing,
    )
  if (bytes.length > TRANSCRIPT_BYTES)
    throw new Unusable(
      `${NEITHER}; and it is larger than ${TRANSCRIPT_BYTES >> 20} MiB, the most that is read of a transcript`,
    )
  if (!isTranscript(text)) throw new Unusable(NEITHER)
  return caseOf(exchangesIn(text, beside), importing)
}

function unpacked(file: Buffer): Buffer {
  if (file.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004')
    throw new Unusable('it is a zip archive: unpack it, and import the .har file in it from its own folder')
  if (file[0] !== 0x1f || file[1] !== 0x8b) return file
  try {
    return gunzipSync(file, { maxOutputLength: IMPORT_BYTES })
  } catch (error) {
    throw new Unusable(
      `it is packed with gzip and cannot be unpacked to at most ${IMPORT_BYTES >> 20} MiB: ${(error as Error).message}`,
    )
  }
}

/** What cannot be read, in one sentence; a parser's words may quote the file, and with it a key. */
function refusing<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof UnreadableText)) throw error
    throw new Unusable(`it ${error.message.replace(/, (\.{3})?".*is not valid JSON$/s, '')}`)
  }
}
