// What sharing worlds costs and brings: the same load with a database as with a directory, one call alone, the takeover of a large world, and two
// processes beside one.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The tests' own PostgreSQL. */
async function postgresOfTests() {
  const outfile = join(ROOT, 'node_modules/.cache/bench-postgres.mjs')
  const entryPoints = [join(ROOT, 'test/postgres.ts')]
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
  const { Postgres } = await import(pathToFileURL(outfile).href)
  return Postgres.open()
}

/** `bench`: what run.mjs measures with. */
export async function reach({ start, load, line, median, main, rounds, amount }) {
  const postgres = await postgresOfTests()
  const folder = mkdtempSync(join(tmpdir(), 'sandgate-bench-'))
  const serving = (data, core = 0) =>
    start(['node', main, 'serve', '--port', '0', '--log', 'off', ...(data === undefined ? [] : ['--data', data])], core)
  try {
    await throughput()
    await takeover(2_000, 10_000, 500)
    await takeover(40_000, 200_000, 3_000)
    await twoProcesses('in memory', () => undefined)
    const { url } = await postgres.freshDatabase()
    await twoProcesses('on one database', () => url)
  } finally {
    await postgres.close()
    rmSync(folder, { recursive: true, force: true })
  }

  async function throughput() {
    const { url } = await postgres.freshDatabase()
    const servers = { directory: await serving(folder), database: await serving(url) }
    const rates = { directory: [], database: [] }
    const alone = { directory: [], database: [] }
    for (let round = -1; round < rounds; round++) {
      for (const name of ['directory', 'database']) {
        const { rate } = await load(servers[name], 'allocation')
        const single = await load(servers[name], 'allocation', 200, { connections: 1 })
        if (round < 0) continue
        rates[name].push(rate)
        alone[name].push(1000 / single.rate)
      }
    }
    for (const server of Object.values(servers)) server.stop()
    const ratio = median(rates.database) / median(rates.directory)
    for (const name of ['directory', 'database'])
      line(`signed CPG allocation, ${name}, calls a second`, median(rates[name]).toFixed(0))
    line('signed CPG allocation, database × directory', ratio.toFixed(2), '≥ 0.33', ratio >= 0.33)
    for (const name of ['directory', 'database']) line(`one call alone, ${name}, ms`, median(alone[name]).toFixed(2))
  }

  /** An allocation is five rows. */
  async function takeover(allocations, rows, most) {
    const { url } = await postgres.freshDatabase()
    const [first, second] = [await serving(url), await serving(url)]
    for (let filled = 0; filled < allocations; filled += 10_000)
      await load(first, 'allocation', Math.min(10_000, allocations - filled))
    const times = []
    for (let round = 0; round < rounds; round++) {
      const { port } = round % 2 === 0 ? second : first
      const begun = performance.now()
      const answer = await fetch(`http://127.0.0.1:${port}/_sandgate/clock`)
      await answer.text()
      if (answer.status !== 200) throw new Error(`the takeover was answered ${answer.status}`)
      times.push(performance.now() - begun)
    }
    for (const server of [first, second]) server.stop()
    line(`takeover of a world of ${rows} rows, ms`, median(times).toFixed(0), `≤ ${most}`, median(times) <= most)
  }

  /** Two worlds with load on both, in one process and in one each; the loads share the cores with them. */
  async function twoProcesses(where, data) {
    const rates = { one: [], two: [] }
    for (let round = 0; round < rounds; round++) {
      for (const name of ['one', 'two']) {
        const first = await serving(data(), 0)
        const nodes = name === 'one' ? [first, first] : [first, await serving(data(), 1)]
        const worlds = ['a', 'b'].map((letter) => `${letter}${name}${round}`)
        await Promise.all(worlds.map((id, n) => ensure(nodes[n], id)))
        const results = await Promise.all(
          worlds.map((id, n) => load(nodes[n], 'allocation', amount, { prefix: `/w/${id}/cpg`, core: 1 - n })),
        )
        rates[name].push(results.reduce((sum, { rate }) => sum + rate, 0))
        for (const server of new Set(nodes)) server.stop()
      }
    }
    line(`two processes ${where} × one, two worlds`, (median(rates.two) / median(rates.one)).toFixed(2))
  }

  async function ensure({ port }, id) {
    const answer = await fetch(`http://127.0.0.1:${port}/w/${id}/_sandgate`, { method: 'PUT' })
    await answer.text()
    if (answer.status !== 201) throw new Error(`PUT /w/${id}/_sandgate was answered ${answer.status}`)
  }
}
