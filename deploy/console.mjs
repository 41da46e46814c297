// Builds the page of the console, src/console, into a folder: scripts and styles with the hash of their content in their names, which browsers may keep for
// ever, and the two documents that name them. `npm run build` calls it; `node deploy/console.mjs` builds the page alone, beside a program that is there.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Where the documents find what they name. */
const ASSETS = '/_sandgate/console/assets'

/**
 * Bundles the page.
 * @param {string} root the checkout
 * @param {string} folder where it goes; what is there is replaced
 * @returns what went into it
 */
export async function bundleConsole(root, folder) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      main: 'src/console/main.tsx',
      reference: 'src/console/reference.ts',
      rapidoc: 'node_modules/rapidoc/dist/rapidoc-min.js',
      style: 'src/console/style/console.css',
    },
    outdir: join(folder, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome109', 'firefox115', 'safari16.4'],
    tsconfig: 'src/console/tsconfig.json',
    minify: true,
    // A file of their licences is shipped.
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  })
  /** Under `main.js`: the `main-ABCDEFGH.js` that is the entry of that name. */
  const names = new Map(
    Object.entries(metafile.outputs)
      .filter(([, { entryPoint }]) => entryPoint !== undefined)
      .map(([file]) => [basename(file).replace(/-[A-Z0-9]{8}(?=\.\w+$)/, ''), basename(file)]),
  )
  for (const document of ['index.html', 'reference.html']) {
    const text = readFileSync(join(root, 'src/console', document), 'utf8')
    const named = text.replace(/"asset:([^"]+)"/g, (_, entry) => {
      const name = names.get(entry)
      if (name === undefined) throw new Error(`src/console/${document}: "asset:${entry}" is not an entry of the build`)
      return `"${ASSETS}/${name}"`
    })
    writeFileSync(join(folder, document), named)
  }
  return metafile
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  await bundleConsole(root, join(root, 'dist/console'))
}
