// @ts-check
// Bundles the shop's driver to examples/shop/dist/drive.js, and each mistake, a diff of the shop, to dist/mistakes/NAME/drive.js. `npm run shop`.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { patched } from './patch.mjs'

const SHOP = fileURLToPath(new URL('.', import.meta.url))
export const MISTAKES = readdirSync(join(SHOP, 'mistakes'))
  .filter((file) => file.endsWith('.diff'))
  .map((file) => file.slice(0, -'.diff'.length))

/** @param {string} folder @param {string} outfile */
async function bundle(folder, outfile) {
  await build({
    entryPoints: [join(folder, 'drive.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  })
}

/** @param {string} [out] */
export async function buildShop(out = join(SHOP, 'dist')) {
  rmSync(out, { recursive: true, force: true })
  await bundle(SHOP, join(out, 'drive.js'))
  for (const name of MISTAKES) {
    const copy = mkdtempSync(join(tmpdir(), 'shop-mistake-'))
    for (const file of readdirSync(SHOP)) if (file.endsWith('.ts')) cpSync(join(SHOP, file), join(copy, file))
    patched(copy, readFileSync(join(SHOP, 'mistakes', `${name}.diff`), 'utf8'))
    mkdirSync(join(out, 'mistakes', name), { recursive: true })
    await bundle(copy, join(out, 'mistakes', name, 'drive.js'))
    rmSync(copy, { recursive: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildShop()
