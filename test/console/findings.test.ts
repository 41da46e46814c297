// The views Findings and Notable situations: what the traffic proves and what it has shown, each with a way to the entry, at a URL of its own.
import { expect, test } from 'vitest'
import { rowsOf, timesOf } from '../../src/console/rules/situation-rows.ts'
import { allocation, client as cpg } from '../clients/cpg.ts'
import { type Kit, start } from '../kit.ts'
import { barriersOf, eventually, inBrowser, isDrawn, isLive, opened } from './browser.ts'

const SITUATION = { id: 'deposit.dust', says: 'dust', rule: 'cpg.deposits.minimum', count: 0, last_entry: null }
const PROVIDER = {
  percent: 0,
  exercised: 0,
  total: 1,
  operations: [],
  rules: [],
  refusals: [],
  statuses: [],
  events: [],
  receivers: [],
  deposits: [],
  never: { operations: [], rules: [], refusals: [], events: [] },
}
const PROVIDERS = [
  { ...PROVIDER, provider: 'cpg', used: true, notable: [SITUATION, { ...SITUATION, count: 2, last_entry: 7 }] },
  { ...PROVIDER, provider: 'zopay', used: false, notable: [SITUATION] },
]

test.each([
  [{}, ['cpg 0', 'cpg 2']],
  [{ exercised: 'yes' }, ['cpg 2']],
  [{ exercised: 'never' }, ['cpg 0']],
  [{ provider: 'zopay' }, ['zopay 0']],
  [{ provider: 'zopay', exercised: 'yes' }, []],
  [{ provider: 'nobody' }, []],
])('the situations of %j', (query: Record<string, string>, expected) => {
  expect(rowsOf(PROVIDERS, query).map(({ provider, count }) => `${provider} ${count}`)).toEqual(expected)
})

test('how often, in words', () => {
  expect([0, 1, 2].map(timesOf)).toEqual(['never', 'once', '2 times'])
})

const mistake = (box: Kit, field: string) => box.call(cpg, allocation({ [field]: 'ann' }))

inBrowser('findings', (window) => {
  test('sandgate.findings: none is said to be none; the next mistake appears, with its entries, its source and what to do', async () => {
    const box = await start()
    const page = await (await window(box.url)).tab('w/default/findings')
    await isLive(page)
    await isDrawn(page)
    expect(await page.locator('main .empty').textContent()).toContain('its traffic proves no mistake')
    expect(await page.locator('main pre').textContent()).toBe(`npx sandgate do listFindings --url ${box.url}`)
    expect(await barriersOf(page)).toEqual([])
    await mistake(box, 'user_identifer')
    await mistake(box, 'user_identifer')
    const found = page.locator('.findings > li')
    await eventually(() => found.locator('.chip').allTextContents()).toEqual(['2 times'])
    const text = (await found.textContent())!
    const [told] = (await box.control('GET', '/findings')).json.data
    for (const part of [told.says, told.advice, told.rule, 'cpg: unknown-field']) expect(text).toContain(part)
    expect(await found.locator('a[target=_blank]').getAttribute('href')).toBe(told.source)
    expect(await barriersOf(page)).toEqual([])
    await found.getByText('entry 2', { exact: true }).click()
    await opened(page, 2)
    await page.goBack()
    await found.getByText(told.rule, { exact: true }).click()
    await page.locator('tr.marked').getByText(told.rule, { exact: true }).waitFor()
  })

  test('sandgate.findings: a URL names a finding, or those of a provider or of a kind', async () => {
    const box = await start()
    await mistake(box, 'user_identifer')
    for (let times = 0; times < 5; times++) await box.call(cpg, allocation({ network: 'NONE' }))
    const { data } = (await box.control('GET', '/findings')).json
    expect(data.map(({ kind }: any) => kind)).toEqual(['unknown-field', 'retried-unchanged'])
    const tab = await window(box.url)
    const listed = async (query: string) => {
      const page = await tab.tab(`w/default/findings${query}`)
      await isDrawn(page)
      const heads = await page.locator('.findings h2 a').allTextContents()
      const marked = await page.locator('.findings li.marked h2 a').allTextContents()
      const said = await page.locator('main .empty-title, main .note').allTextContents()
      await page.close()
      return { heads, marked, said }
    }
    const both = ['cpg: unknown-field', 'cpg: retried-unchanged']
    expect(await listed('')).toEqual({ heads: both, marked: [], said: [] })
    expect(await listed(`?finding=${data[1].id}`)).toEqual({ heads: both, marked: [both[1]], said: [] })
    expect(await listed('?kind=unknown-field')).toEqual({ heads: [both[0]], marked: [], said: [] })
    expect(await listed('?provider=zopay')).toEqual({ heads: [], marked: [], said: ['No finding is like that.'] })
    expect(await listed('?finding=nothing')).toEqual({
      heads: both,
      marked: [],
      said: ['The finding nothing is not there any more: the journal was emptied, or has made room for newer entries.'],
    })
  })

  test('sandgate.coverage.notable: what was never exercised stands in a sentence, and what was leads to its entry', async () => {
    const box = await start()
    const page = await (await window(box.url)).tab('w/default/rules?show=situations')
    await isLive(page)
    await isDrawn(page)
    expect(await page.locator('main .empty-title').textContent()).toBe('No provider got a call in this world yet.')
    const { address } = (await box.call(cpg, allocation())).json.data
    const row = page.getByRole('row').filter({ hasText: 'deposit in another currency' })
    await row.getByText('never exercised: deposit in another currency than the address was made for').waitFor()
    expect(await barriersOf(page)).toEqual([])
    await box.deposit(address, '1', { currency: 'ETH' })
    await eventually(() => row.textContent()).toContain('once, last: entry')
    expect(await row.textContent()).not.toContain('never exercised')
    const { providers } = (await box.control('GET', '/coverage')).json
    const { notable, percent } = providers.find(({ provider }: any) => provider === 'cpg')
    expect(await page.getByRole('status').allTextContents()).toContainEqual(
      expect.stringContaining(`${percent} % of cpg exercised in default`),
    )
    const { last_entry: last } = notable.find(({ id }: any) => id === 'deposit.wrong-asset')
    await row.getByText(`entry ${last}`, { exact: true }).click()
    await page.getByRole('heading', { name: `Entry ${last}`, exact: true }).waitFor()
  })
})
