// @ts-check
// `npm run test:nodes`: the tests under each version of Node that is promised, one after the other. The binaries come from npm and stay in the
// system's folder for temporary files.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const VERSIONS = ['20.19', '22', '24', '26']
const USAGE = `npm run test:nodes -- [--unit] [--only ${VERSIONS.join('|')}]... [-- ARGUMENTS OF VITEST]`
const VITEST = new URL('../node_modules/vitest/vitest.mjs', import.meta.url).pathname
const ROOT = new URL('..', import.meta.url).pathname

/** The binary of a version, installed when it is not there yet; its newest release at that time. @param {string} version */
function install(version) {
  const folder = join(tmpdir(), 'sandgate-nodes', version)
  const windows = process.platform === 'win32'
  // The package `node` has nothing but a script that installs this one, and npm may be told to run no scripts.
  const name = `node-${windows ? 'win' : process.platform}-${process.arch}`
  const binary = join(folder, 'node_modules', name, 'bin', windows ? 'node.exe' : 'node')
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true })
    const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `${name}@${version}`]
    const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], shell: windows })
    if (status !== 0 || !existsSync(binary)) throw new Error(`npm could not install ${name}@${version}`)
  }
  return binary
}

/** @param {string} version @param {boolean} unit @param {readonly string[]} more */
function run(version, unit, more) {
  const binary = install(version)
  const exact = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim()
  const report = join(tmpdir(), 'sandgate-nodes', version, 'report.json')
  rmSync(report, { force: true })
  console.log(`\nNode ${exact}`)
  const begun = performance.now()
  const { status } = spawnSync(
    binary,
    [
      VITEST,
      'run',
      ...(unit ? ['--config', 'vitest.unit.config.ts'] : []),
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...more,
    ],
    {
      cwd: ROOT,
      stdio: 'inherit',
      // What the tests start by the name `node` or `npm` is this version too.
      env: { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH}` },
    },
  )
  const seconds = Math.round((performance.now() - begun) / 1000)
  const { numPassedTests: passed = 0, numFailedTests: failed = 0 } = existsSync(report)
    ? JSON.parse(readFileSync(report, 'utf8'))
    : {}
  return { node: exact, passed, failed, seconds, result: status === 0 ? 'ok' : 'FAILED' }
}

/** @returns {{ only: readonly string[], unit: boolean, more: readonly string[] } | undefined} */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        only: { type: 'string', multiple: true, default: VERSIONS },
        unit: { type: 'boolean', default: false },
      },
    })
    if (values.only.every((version) => VERSIONS.includes(version))) return { ...values, more: positionals }
  } catch {
    // Said below.
  }
  return undefined
}

const options = readArguments()
if (options) {
  const rows = options.only.map((version) => run(version, options.unit, options.more))
  console.table(rows)
  process.exitCode = rows.every(({ result }) => result === 'ok') ? 0 : 1
} else {
  console.error(USAGE)
  process.exitCode = 2
}
