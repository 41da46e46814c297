// Reads a YAML document of ours (contracts and rules), or what the build made of it: parsing YAML is most of what a start would cost. A parsed copy
// is named after the bytes
// it was made from, so it can be missing but never be out of date.
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/** Beside the compiled program, whether this runs from `src` or from `dist`. */
const COPIES = fileURLToPath(new URL('../../dist/documents/', import.meta.url))

/** The document of a YAML file. */
export function readDocument(file: string): any {
  const text = readFileSync(file, 'utf8')
  const copy = copyOf(text)
  return existsSync(copy) ? JSON.parse(readFileSync(copy, 'utf8')) : parse(text)
}

/** Parses every document of a folder once and for all; `npm run build` ends with it. */
export function copyDocuments(folder: string): void {
  rmSync(COPIES, { recursive: true, force: true })
  mkdirSync(COPIES, { recursive: true })
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const text = readFileSync(`${folder}${file}`, 'utf8')
    writeFileSync(copyOf(text), JSON.stringify(parse(text)))
  }
}

function copyOf(text: string): string {
  return `${COPIES}${hash('sha256', text, 'hex').slice(0, 32)}.json`
}
