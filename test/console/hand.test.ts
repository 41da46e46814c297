// The page in somebody's hands: the clock is moved, everything is reached with the keyboard alone, a URL shows a colleague the same, what is copied runs.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { VIEWS } from '../../src/console/router.ts'
import { allocation, client } from '../clients/cpg.ts'
import { Inbox, start } from '../kit.ts'
import { eventually, inBrowser, isDrawn, isLive, opened, rowsOf } from './browser.ts'
import { traffic } from './traffic.ts'

/** What has the keyboard. */
function focused(page: Page): Promise<string> {
  return page.evaluate(
    `(({ id, tagName, textContent, ariaLabel, title }) => id || ariaLabel || title || textContent.trim() || tagName)(document.activeElement)`,
  )
}

/** Presses Tab until something has the keyboard. Fails when it comes round and was not there. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const passed: string[] = []
  while (passed.length < 500) {
    await page.keyboard.press('Tab')
    const now = await focused(page)
    if (typeof name === 'string' ? now === name : name.test(now)) return
    passed.push(now)
  }
  throw new Error(`Tab never came to ${name}: ${JSON.stringify(passed)}`)
}

inBrowser('the page, in use', (window) => {
  test('an advance says what happened on the way, and how receivers answered', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    inbox.answers = (_, index) => ({ status: index === 0 ? 200 : 503 })
    await box.subscribe('cpg', inbox)
    const { json } = await box.call(client, allocation())
    await box.deposit(json.data.address, '12.5', { after: '5m' })
    const page = await (await window(box.url, { meant: /422.*\/clock\/advance/ })).tab()
    await isLive(page)
    const moved = page.locator('.moved')
    await page.getByRole('button', { name: '+1m', exact: true }).click()
    await moved.getByText('It is 2026-05-16 19:01:00 now. Nothing was due on the way.').waitFor()

    const to = page.getByRole('button', { name: /^To the next event: 19:05:00 ./ })
    await to.click()
    await moved.getByText(/^It is 2026-05-16 19:05:00 now\. /).waitFor()
    await page.getByRole('button', { name: '+1d', exact: true }).click()
    await moved.getByText(/^It is 2026-05-17 19:05:00 now\. \d+ things happened on the way:$/).waitFor()

    // The journal has the same: what happened, each callback with its answer.
    const { data } = (await box.control('GET', '/journal?kind=callback&limit=1000')).json
    const attempts = data.filter(({ at }: any) => at > '2026-05-16T19:05:00.000Z')
    expect(inbox.received.length).toBe(data.length)
    expect(attempts.length).toBeGreaterThan(1)
    await moved.getByText(`${attempts.length} callbacks were attempted:`).waitFor()
    const listed = moved.locator('ul li')
    await eventually(async () => (await listed.allTextContents()).join()).not.toContain('on its way')
    expect(await listed.allTextContents()).toEqual(
      attempts.slice(0, 20).map(({ summary, status }: any) => `${summary} ${status}`),
    )
    await listed.first().getByRole('link').click()
    await opened(page, attempts[0].id)

    await page.getByRole('textbox', { name: /Advance by a duration/ }).fill('4 bananas')
    await page.keyboard.press('Enter')
    await moved.getByRole('alert').waitFor()
    expect(await moved.getByRole('alert').textContent()).toContain('4 bananas')
    await page.getByRole('textbox', { name: /Advance by a duration/ }).fill('90s')
    await page.keyboard.press('Enter')
    await moved.getByText(/^It is 2026-05-17 19:06:30 now\. /).waitFor()
    await page.getByRole('button', { name: 'Until quiet' }).click()
    await moved.getByText(/^It is 2026-05-1[89] .* now\. /).waitFor()
    const { data: rest } = (await box.control('GET', '/callbacks')).json
    expect(rest.map(({ next_at: next }: any) => next)).toEqual(rest.map(() => null))
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('button', { name: 'Freeze', exact: true }).click()
    await page.getByRole('button', { name: 'Run', exact: true }).waitFor()
    expect((await box.control('GET', '/clock')).json.mode).toBe('frozen')
  })

  test('with the keyboard alone: rows, entries, search, views, the clock, dialogs', async () => {
    const box = await start()
    for (const index of [1, 2, 3]) await box.call(client, allocation({ user_identifier: `user_${index}` }))
    const page = await (await window(box.url)).tab()
    await isLive(page)
    await eventually(() => rowsOf(page)).toEqual([3, 2, 1])
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    expect(await focused(page)).toBe('2')
    await page.keyboard.press('Enter')
    await opened(page, 2)
    await page.keyboard.press('j')
    await opened(page, 1)
    await page.keyboard.press('Escape')
    await page.locator('.entry-panel').waitFor({ state: 'detached' })

    await page.keyboard.press('/')
    expect(await focused(page)).toBe('search')
    await page.keyboard.type('user_3')
    await page.keyboard.press('Enter')
    await eventually(() => rowsOf(page)).toEqual([3])
    expect(new URL(page.url()).search).toBe('?text=user_3')
    // Single keys are letters again for who types.
    await page.keyboard.type('j?1')
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.keyboard.press('Escape')

    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Tab')
    expect(
      await page.evaluate(`document.activeElement === document.body || !!document.activeElement.closest('dialog')`),
    ).toBe(true)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    for (const [index, view] of [...VIEWS.entries()].reverse()) {
      await page.keyboard.press(String(index + 1))
      await eventually(() => new URL(page.url()).pathname).toBe(`/_sandgate/console/w/default/${view}`)
      await isDrawn(page)
    }
    await page.keyboard.press('Tab')
    await tabTo(page, 'Advance by 1h')
    await page.keyboard.press('Space')
    await page.locator('.moved').getByText('It is 2026-05-16 20:00:00 now. Nothing was due on the way.').waitFor()
    await tabTo(page, 'Dismiss')
    await page.keyboard.press('Enter')
    await page.locator('.moved').waitFor({ state: 'detached' })
  })

  test('whatever has the keyboard is seen to have it, and Tab comes through the whole page', async () => {
    const box = await start()
    await traffic(box)
    const page = await (await window(box.url)).tab('w/default/timeline?entry=5')
    await isLive(page)
    await opened(page, 5)
    const reached = new Set<string>()
    for (;;) {
      await page.keyboard.press('Tab')
      const at = await page.evaluate<{ what: string; shown: boolean; place: string }>(`(() => {
        const at = document.activeElement
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at)
        const all = [...document.querySelectorAll('*')]
        return {
          what: at.outerHTML.slice(0, 200),
          place: String(all.indexOf(at)),
          shown: at === document.body || (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none',
        }
      })()`)
      if (reached.has(at.place) || at.what.startsWith('<body')) break
      expect(at.shown, at.what).toBe(true)
      reached.add(at.place)
    }
    expect(reached.size).toBeGreaterThan(50)
  })

  test('what a URL shows is what it shows a colleague', async () => {
    const box = await start()
    await traffic(box)
    const all = (await box.control('GET', '/journal?view=brief&limit=1000')).json.data
    const ids = async (query: string) =>
      (await box.control('GET', `/journal?view=brief&limit=1000&${query}`)).json.data.map(({ id }: any) => id).reverse()
    for (const query of [
      'provider=payward&kind=call',
      'refused=true',
      'kind=callback',
      'text=user_again',
      'operation=createDepositAddress',
    ]) {
      const page = await (await window(box.url)).tab(`w/default/timeline?${query}`)
      const wanted = await ids(query)
      expect(wanted.length, query).toBeGreaterThan(0)
      expect(wanted.length, query).toBeLessThan(all.length)
      await eventually(() => rowsOf(page)).toEqual(wanted)
      await page.context().close()
    }
    const calls = all.filter(({ operation }: any) => operation === 'createDepositAddress')
    const page = await (
      await window(box.url, { meant: /404.*\/w\/nobody\// })
    ).tab(`w/default/timeline?entry=${calls[0].id}&with=${calls[1].id}`)
    await opened(page, calls[0].id)
    await page
      .getByText(new RegExp(`entry ${calls[1].id}\\b`, 'i'))
      .first()
      .waitFor()
    await page.goto(`${box.url}/_sandgate/console/w/default/nonsense`)
    await page.getByText('The console has no page').waitFor()
    await page.goto(`${box.url}/_sandgate/console/w/nobody/timeline`)
    await page.getByText('There is no world "nobody".').waitFor()
  })

  test('the copy button puts into the clipboard what is shown, and it runs', async () => {
    const box = await start()
    const entry = (await box.call(client, allocation({ user_identifier: 'user_copied' }))).headers['x-sandgate-entry']
    const tab = await window(box.url)
    await tab.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const page = await tab.tab(`w/default/timeline?entry=${entry}`)
    await page.getByRole('button', { name: 'As a verify' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Copy', exact: true }).click()
    await page.getByText('Copied', { exact: true }).waitFor()
    const copied = await page.evaluate<string>('navigator.clipboard.readText()')
    expect(copied).toBe(await page.locator('dialog pre').textContent())
    expect(copied).toMatch(new RegExp(`^curl .*${box.url}/_sandgate/verify`))
    const body = /'(\{.*\})'/s.exec(copied)![1]!
    const answer = await box.control('POST', '/verify', JSON.parse(body))
    expect([answer.status, answer.json.matched ?? answer.json.count]).toEqual([200, 1])
  })
})
