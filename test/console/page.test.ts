// Every view of the console over traffic of all four providers: it opens at its own URL in a fresh browser, in light and in dark, without an error, without
// a request to elsewhere, without a barrier for those who hear or type, and without a secret in it.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { VIEWS } from '../../src/console/router.ts'
import { start } from '../kit.ts'
import { barriersOf, eventually, inBrowser, isDrawn, isLive, isWide, opened, secretsIn } from './browser.ts'
import { traffic } from './traffic.ts'

inBrowser('the page', (window) => {
  test('every view opens at its URL in a fresh browser, in light and in dark', async () => {
    const box = await start()
    const { secrets } = await traffic(box)
    const found: Record<string, unknown> = {}
    for (const view of VIEWS) {
      const tab = await window(box.url)
      const page = await tab.tab(`w/default/${view}`)
      await isLive(page)
      await isDrawn(page)
      found[view] = {
        url: new URL(page.url()).pathname,
        title: await page.title(),
        current: (await page.locator('nav a[aria-current=page]').textContent())?.toLowerCase(),
        headings: await page.locator('main h1').count(),
        problems: await page.locator('main .problem').allTextContents(),
        barriers: await barriersOf(page),
        light: await paperOf(page),
        wide: await isWide(page),
        secrets: await secretsIn(page, secrets),
      }
      await page.emulateMedia({ colorScheme: 'dark' })
      await page.setViewportSize({ width: 800, height: 600 })
      Object.assign(found[view] as object, {
        inDark: { barriers: await barriersOf(page, ['color-contrast']), paper: await paperOf(page) },
        wideAt800: await isWide(page),
        wrong: tab.takeWrong(),
      })
      await tab.context.close()
    }
    expect(found).toEqual(
      Object.fromEntries(
        VIEWS.map((view) => [
          view,
          {
            url: `/_sandgate/console/w/default/${view}`,
            title: `${view[0]!.toUpperCase()}${view.slice(1)} · default · Sandgate`,
            current: view,
            headings: 1,
            problems: [],
            barriers: [],
            light: 'light',
            wide: false,
            secrets: [],
            inDark: { barriers: [], paper: 'dark' },
            wideAt800: false,
            wrong: [],
          },
        ]),
      ),
    )
  })

  test('every view of a world in which nothing happened says so, and has no barrier either', async () => {
    const box = await start()
    const page = await (await window(box.url)).tab()
    await isLive(page)
    for (const view of VIEWS) {
      await page.getByRole('navigation').getByText(view, { exact: false }).click()
      await eventually(() => page.title()).toMatch(new RegExp(`^${view} `, 'i'))
      await isDrawn(page)
      expect(await page.locator('main .problem').allTextContents(), view).toEqual([])
      expect(await barriersOf(page), view).toEqual([])
      if (['timeline', 'money', 'callbacks', 'checkpoints'].includes(view))
        // What to do next: something to paste, to press or to follow.
        expect(await page.locator('main .empty :is(code, pre, a, button)').count(), view).toBeGreaterThan(0)
    }
  })

  test('every entry, opened: no secret in it, no barrier, nothing that cannot be shown', async () => {
    const box = await start()
    const { secrets } = await traffic(box)
    // A secret where none belongs: the page shows what the journal keeps.
    for (const secret of secrets) await box.raw('GET', `/cpg/v1/nope?note=${encodeURIComponent(secret)}`)
    const { data } = (await box.control('GET', '/journal?view=brief&limit=1000')).json
    const page = await (await window(box.url)).tab('w/default/timeline?entry=1')
    const kinds = new Set<string>()
    for (const { id, kind, refused } of data) {
      await page.evaluate(`history.pushState(null, '', '?entry=${id}'); dispatchEvent(new PopStateEvent('popstate'))`)
      await opened(page, id)
      await page.evaluate(`for (const part of document.querySelectorAll('details')) part.open = true`)
      expect(await page.locator('.problem').allTextContents(), `entry ${id}`).toEqual([])
      expect(await secretsIn(page, secrets), `entry ${id}`).toEqual([])
      const what = `${kind}${refused ? ', refused' : ''}`
      if (!kinds.has(what)) expect(await barriersOf(page), `entry ${id}`).toEqual([])
      kinds.add(what)
    }
    expect([...kinds].sort()).toEqual(['call', 'call, refused', 'callback', 'control', 'fault', 'timer'])
  })

  test('the reference of each provider is drawn without a request to elsewhere', async () => {
    const box = await start()
    for (const name of [...box.sandbox.providers.keys(), 'sandgate']) {
      const tab = await window(box.url)
      const page = await tab.tab(`reference/${name}`)
      await page.locator('#said').waitFor({ state: 'detached' })
      const { json } = await box.raw('GET', `/_sandgate/specs/${name}`, { accept: 'application/json' })
      await page.getByText(json.info.title).first().waitFor()
      await tab.context.close()
    }
  })
})

/** Of what the page is written on. */
async function paperOf(page: Page): Promise<'light' | 'dark'> {
  const color = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
  const [red, green, blue] = (color.match(/\d+/g) ?? []).map(Number)
  return red! + green! + blue! > 384 ? 'light' : 'dark'
}
