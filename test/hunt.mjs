// `npm run hunt`: what `sandgate explore` promises, held against the example shop: each of the nine mistakes is found within 300 runs at three seeds, by a
// scenario of at most three parts that fails by itself; those that need no books are found without them; and the right shop passes 2,000 runs. It takes
// most of an hour on two cores. `npm run hunt -- floats` looks for these mistakes alone, `-- right` for none.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { buildShop, MISTAKES } from '../examples/shop/build.mjs'

const MAIN = new URL('../dist/main.js', import.meta.url).pathname
const SHOP = new URL('../examples/shop/dist/', import.meta.url).pathname
const SEEDS = ['a', 'b', 'c']
/** What a shop books for itself shows in its books alone. */
const NEED_BOOKS = ['credits-on-detected', 'trusts-requested-amount']
const BOOKS = ['--oracle', 'shop-books/{world}.jsonl']

const folder = mkdtempSync(join(tmpdir(), 'sandgate-hunt-'))
process.on('exit', () => rmSync(folder, { recursive: true }))

/** The exit status and what was said. */
async function sandgate(args, program) {
  const all = [MAIN, ...args, '--', process.execPath, join(SHOP, program)]
  return promisify(execFile)(process.execPath, all, { cwd: folder, maxBuffer: 1e8 }).then(
    ({ stdout }) => ({ status: 0, stdout }),
    ({ code, stdout, stderr }) => ({ status: code, stdout: stdout + stderr }),
  )
}

/** What is wrong; undefined: it was found as it should be. */
async function hunt(mistake, seed, books) {
  const program = `mistakes/${mistake}/drive.js`
  const { status, stdout } = await sandgate(
    ['explore', '--runs', '300', '--first', '--jobs', '2', '--seed', seed, ...books],
    program,
  )
  const [, find] = /^found: (\S+)/m.exec(stdout) ?? []
  if (status !== 1 || !find) return `not found: ${stdout.trim().split('\n').at(-1)}`
  const file = join(find, 'scenario.yaml')
  const { rules = [], timeline = [] } = parse(readFileSync(join(folder, file), 'utf8'))
  if (rules.length + timeline.length > 3) return `${file} has ${rules.length} rules and ${timeline.length} steps`
  const proven = await sandgate(['prove', file, '--expect', 'fail', ...books], program)
  if (proven.status !== 0) return `it does not fail by itself: ${proven.stdout}`
  console.log(
    `${mistake}, seed ${seed}${books.length > 0 ? '' : ', without books'}: ${/^found: .*/m.exec(stdout)[0].slice(0, 200)}`,
  )
  return undefined
}

await buildShop()
const named = process.argv.slice(2)
const wanted = named.length === 0 ? [...MISTAKES, 'right'] : named
const wrong = []
for (const mistake of wanted.filter((name) => name !== 'right'))
  for (const seed of SEEDS)
    for (const books of [BOOKS, ...(NEED_BOOKS.includes(mistake) || seed !== 'a' ? [] : [[]])]) {
      const problem = await hunt(mistake, seed, books)
      if (problem !== undefined) wrong.push(`${mistake}, seed ${seed}: ${problem}`)
    }
if (wanted.includes('right')) {
  const { status, stdout } = await sandgate(['explore', '--runs', '2000', '--jobs', '2', ...BOOKS], 'drive.js')
  console.log(stdout.trim().split('\n').at(-1))
  if (status !== 0) wrong.push(`the right shop: ${stdout}`)
}
for (const line of wrong) console.error(line)
process.exitCode = wrong.length > 0 ? 1 : 0
