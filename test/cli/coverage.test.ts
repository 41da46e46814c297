// `sandgate coverage`: the text, the answer, and the exit statuses that CI reads.
import { expect, test } from 'vitest'
import { allocation, client } from '../clients/cpg.ts'
import { Running } from '../command-line.ts'
import { start } from '../kit.ts'

test('sandgate.coverage.command: text, JSON, 1 below the threshold, 2 when it cannot be asked', async () => {
  const box = await start()
  await box.call(client, allocation({}))
  const run = (...args: string[]) => new Running(['coverage', ...args], { SANDGATE_URL: box.url }).ended
  const told = await run()
  expect(told).toMatchObject({ status: 0, stderr: '' })
  expect(told.stdout).toContain('never exercised: late deposit to a recycled address')
  const json = JSON.parse((await run('--json', '--all', '--provider', 'cpg')).stdout)
  expect(json).toMatchObject({ world: null, calls: 1 })
  expect(json.providers).toHaveLength(1)
  expect(await run('--fail-under', String(json.percent))).toMatchObject({ status: 0 })
  expect(await run('--fail-under', '99.5')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(`${json.percent} % was exercised, --fail-under asks for 99.5 %`),
  })
  for (const wrong of [
    ['--fail-under', '101'],
    ['--provider', 'cgp'],
    ['--world', 'nowhere'],
    ['--all', '--world', 'default'],
    ['--url', 'http://127.0.0.1:9'],
  ])
    expect(await run(...wrong), wrong.join(' ')).toMatchObject({ status: 2, stdout: '' })
})
