// Reads a contract or the rules of one, or what the build made of it: parsing YAML and looking through schemas is most of what a start would cost. A parsed copy is
// named after the bytes it was made from, so it can be missing but never be out of date.
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { inPackage } from '../runtime/package.ts'
import { Pointers } from './pointers.ts'
import { Schemas } from './schemas.ts'

/** Beside the compiled program, whether this runs from `src` or from `dist`. */
const COPIES = inPackage('dist/documents/')

export interface Document {
  readonly document: any
  /** Where the build found every schema to be as the judge has it: the formats that they name. */
  readonly formats: readonly string[] | undefined
}

/** The document of a YAML file. Throws with the file where it is not an OpenAPI document of a version that is known. */
export function readDocument(file: string): Document {
  const text = readFileSync(file, 'utf8')
  const copy = copyOf(text)
  if (existsSync(copy)) return JSON.parse(readFileSync(copy, 'utf8'))
  const document = parsed(text, file)
  checkVersion(document, file)
  return { document, formats: undefined }
}

/** The value of a YAML file of ours that is no contract: the rules of a provider. Throws with the file where it cannot be read. */
export function readRules(file: string): any {
  const text = readFileSync(file, 'utf8')
  const copy = copyOf(text)
  return existsSync(copy) ? JSON.parse(readFileSync(copy, 'utf8')) : parsed(text, file)
}

/** Parses every document of a folder once and for all; `npm run build` ends with it. What cannot be honoured is left to whoever starts with it. */
export function copyDocuments(folder: string): void {
  rmSync(COPIES, { recursive: true, force: true })
  mkdirSync(COPIES, { recursive: true })
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const text = readFileSync(`${folder}${file}`, 'utf8')
    try {
      const document = parsed(text, file)
      if (file.endsWith('.rules.yaml')) {
        writeFileSync(copyOf(text), JSON.stringify(document))
        continue
      }
      checkVersion(document, file)
      const schemas = new Schemas(new Pointers(document, file), document.openapi)
      const { paths, components } = schemas.rewritten(document, 'call')
      const same = paths === document.paths && components === document.components && !schemas.oneSided
      const made: Document = { document, formats: same ? [...schemas.formats] : undefined }
      writeFileSync(copyOf(text), JSON.stringify(made))
    } catch {
      continue
    }
  }
}

function parsed(text: string, file: string): any {
  try {
    return parse(text, { merge: true })
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error })
  }
}

function checkVersion(document: any, file: string): void {
  if (typeof document !== 'object' || document === null) throw new Error(`${file}: is not an OpenAPI document`)
  if (document.swagger !== undefined)
    throw new Error(
      `${file}: #/swagger is Swagger ${document.swagger}; expected OpenAPI 3.0 or 3.1: converters such as swagger2openapi make one of it`,
    )
  if (!/^3\.[01]\.\d+/.test(String(document.openapi)))
    throw new Error(`${file}: #/openapi is ${JSON.stringify(document.openapi) ?? 'missing'}; expected 3.0 or 3.1`)
  if (typeof document.paths !== 'object' || document.paths === null || Object.keys(document.paths).length === 0)
    throw new Error(
      `${file}: #/paths has no path${document.webhooks ? ': webhooks alone are nothing that can be called' : ''}`,
    )
  if (document.jsonSchemaDialect !== undefined && !/2020-12|oas\/3\.1/.test(String(document.jsonSchemaDialect)))
    throw new Error(
      `${file}: #/jsonSchemaDialect is ${document.jsonSchemaDialect}; expected that of OpenAPI 3.1 or JSON Schema 2020-12`,
    )
}

function copyOf(text: string): string {
  return `${COPIES}${hash('sha256', text, 'hex').slice(0, 32)}.read.json`
}
