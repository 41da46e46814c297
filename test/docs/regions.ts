// Fills the generated regions of a document: what stands between `<!-- generated: NAME -->` and `<!-- end -->`.
import { basename, dirname, relative } from 'node:path/posix'
import type { Provider } from '../../src/provider.ts'
import { GENERAL_REGIONS } from './general-tables.ts'
import { PROVIDER_REGIONS } from './provider-tables.ts'

const REGION = /<!-- generated: (\S+) -->\n[^]*?<!-- end -->/g

/** The document with every region made anew. On a provider's page its own regions have the short names; `cpg.keys` is the same everywhere. */
export async function filled(text: string, file: string, providers: ReadonlyMap<string, Provider>): Promise<string> {
  const page = file.startsWith('docs/providers/') ? providers.get(basename(file, '.md')) : undefined
  const names = [...text.matchAll(REGION)].map(([, name]) => name!)
  if (names.length !== text.split('<!-- generated: ').length - 1)
    throw new Error(`${file}: a region is not closed with <!-- end -->`)
  const made = new Map<string, string>()
  for (const name of names) made.set(name, fromHere(await regionOf(name, page, providers), file))
  return text.replace(REGION, (_, name) => `<!-- generated: ${name} -->\n\n${made.get(name)}\n\n<!-- end -->`)
}

/** Links that regions write from the root of the repository, seen from the folder of the document. */
function fromHere(text: string, file: string): string {
  return text.replace(/\]\(\/([^)#]+)/g, (_, target) => `](${relative(dirname(file), target)}`)
}

async function regionOf(
  name: string,
  page: Provider | undefined,
  providers: ReadonlyMap<string, Provider>,
): Promise<string> {
  if (Object.hasOwn(GENERAL_REGIONS, name)) return GENERAL_REGIONS[name]!(providers)
  const [whose, region] = name.includes('.') ? name.split('.') : [page?.name, name]
  const provider = providers.get(whose ?? '')
  if (!provider || !Object.hasOwn(PROVIDER_REGIONS, region)) {
    throw new Error(
      `there is no region "${name}"; there are ${[...Object.keys(GENERAL_REGIONS), ...Object.keys(PROVIDER_REGIONS)].join(', ')}`,
    )
  }
  return PROVIDER_REGIONS[region]!(provider)
}
