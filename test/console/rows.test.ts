// What is inside of the views: a URL opens the row that it names, in a fresh browser, with no barrier and no secret in it; the editor of scenarios keeps
// to the content security policy; one bent row of a table spoils no other.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { type Kit, start } from '../kit.ts'
import { barriersOf, eventually, inBrowser, isDrawn, isLive, isWide, secretsIn } from './browser.ts'
import { traffic } from './traffic.ts'

async function rows(box: Kit, path: string): Promise<any[]> {
  return (await box.control('GET', path)).json.data
}

inBrowser('the rows of the page', (window) => {
  test('a URL opens the row that it names', async () => {
    const box = await start()
    const { secrets } = await traffic(box)
    const first = async (path: string) => (await rows(box, path))[0]
    const [address, deposit] = [await first('/addresses'), await first('/deposits')]
    const [delivery, rule] = [await first('/callbacks'), await first('/rules?provider=cpg')]
    const places: readonly (readonly [string, string])[] = [
      [`money?address=${encodeURIComponent(address.address)}`, address.address],
      [`money?deposit=${deposit.id}`, deposit.id],
      [`callbacks?delivery=${delivery.id}`, delivery.id],
      [`rules?provider=cpg&rule=${rule.id}`, rule.id],
    ]
    for (const [path, said] of places) {
      const tab = await window(box.url)
      const page = await tab.tab(`w/default/${path}`)
      await isLive(page)
      await isDrawn(page)
      await page.locator('main').getByText(said, { exact: false }).first().waitFor()
      await page.locator('main :is([aria-current=true], .entry-panel, .split)').first().waitFor()
      expect(await barriersOf(page), path).toEqual([])
      expect(await isWide(page), path).toBe(false)
      expect(await secretsIn(page, secrets), path).toEqual([])
      expect(tab.takeWrong(), path).toEqual([])
      await tab.context.close()
    }
  })

  test('the editor of scenarios opens under the policy, has no barrier, and says what is wrong before anything is loaded', async () => {
    const box = await start()
    const tab = await window(box.url)
    const page = await tab.tab('w/default/scenario')
    await isLive(page)
    await page.getByRole('button', { name: 'Write a scenario' }).click()
    const text = page.locator('.cm-content')
    await text.waitFor()
    expect(await barriersOf(page)).toEqual([])
    expect(tab.takeWrong(), 'opened').toEqual([])
    await text.click()
    await page.keyboard.press('Control+A')
    await page.keyboard.type('name: mine\nrules: 5\n')
    await page.locator('.cm-lintRange-error').first().waitFor()
    expect((await box.control('GET', '/scenario')).json.name ?? null).toBe(null)
    // Who types over a selection makes Chromium write the style of what was there into an attribute. The policy refuses that, and nothing is lost by it.
    expect(tab.takeWrong().filter((text) => !/style-src-attr|Applying inline style/.test(text))).toEqual([])
  })

  test.each([
    ['money', '/deposits', { amount: { a: 1 }, status: null, branches: 7, currency: [{}] }],
    ['callbacks', '/callbacks', { attempts: 5, event: null, url: { a: 1 } }],
    ['worlds', '/worlds', { calls: {}, used_at: 5, seed: { a: 1 }, clock: null }],
  ])('%s: one bent row spoils no other', async (view, path, bent) => {
    const box = await start()
    await traffic(box)
    for (const id of ['second', 'third']) await box.control('POST', '/worlds', { id })
    const page = await (await window(box.url)).tab('nowhere')
    await page.route(
      (url) => url.pathname === `/_sandgate${path}`,
      async (route) => {
        const answer = await route.fetch()
        const body = await answer.json()
        const [first, ...others] = body.data
        await route.fulfill({ response: answer, json: { ...body, data: [...others, { ...first, ...bent }] } })
      },
    )
    await page.goto(`${box.url}/_sandgate/console/w/default/${view}${view === 'money' ? '?show=deposits' : ''}`)
    await isLive(page)
    await isDrawn(page)
    const all = await rows(box, path)
    await eventually(() => shownOf(page)).toBeGreaterThanOrEqual(all.length)
    expect(await page.locator('main > .problem').count()).toBe(0)
    await page.locator('main').getByText(all[1].id, { exact: false }).first().waitFor()
  })
})

function shownOf(page: Page): Promise<number> {
  return page.locator('main tbody tr').count()
}
