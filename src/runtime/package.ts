// Where this package lies and which version it is: found upwards from this file, because the program runs from src, from dist and out of bundles.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of package.json, with a slash at its end. */
export const ROOT: URL = rootAbove(new URL('.', import.meta.url))

/** The folder of the program that runs, with a slash at its end: `src`, or the `dist` that was bundled from it. */
export const PROGRAM: URL = new URL(import.meta.url.startsWith(new URL('src/', ROOT).href) ? 'src/' : 'dist/', ROOT)

/** The version that package.json names. */
export const version: string = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')).version

/** The path of a file of this package, such as `inPackage('specs/')`. */
export function inPackage(path: string): string {
  return fileURLToPath(new URL(path, ROOT))
}

function rootAbove(folder: URL): URL {
  if (existsSync(new URL('package.json', folder))) return folder
  const above = new URL('..', folder)
  if (above.href === folder.href) throw new Error('the package.json of sandgate is missing')
  return rootAbove(above)
}
