// The stack trace of an error, by file and line of the source. Node maps stack traces only for modules that it loaded with source maps on, which would
// cost every start; this reads the maps of the bundle when there is an error to report.
import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'
import { PROGRAM, ROOT } from './package.ts'

/** A place in a stack trace: the URL of a file, a line and a column. */
const PLACE = /(file:\/\/[^\s()]+\.js):(\d+):(\d+)/g

/** What an error says about itself: its stack trace, or its text. */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const maps = new Map<string, SourceMap | undefined>()
  return (error.stack ?? String(error)).replace(PLACE, (place, url: string, line: string, column: string) => {
    if (!url.startsWith(PROGRAM.href)) return place
    if (!maps.has(url)) maps.set(url, mapOf(url))
    const found = maps.get(url)?.findEntry(Number(line) - 1, Number(column) - 1)
    if (!found || !('originalSource' in found)) return place
    const source = new URL(found.originalSource, url).href
    return `${source.replace(ROOT.href, '')}:${found.originalLine + 1}:${found.originalColumn + 1}`
  })
}

/** The map beside a file of the bundle. One that cannot be read must not hide the error that is reported. */
function mapOf(url: string): SourceMap | undefined {
  const file = `${fileURLToPath(url)}.map`
  if (!existsSync(file)) return undefined
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}
