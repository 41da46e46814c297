// Every view of the console over traffic of all four providers: it opens at its own URL in a fresh browser, in light and in dark, without an error, without
// a request to elsewhere, without a barrier for those who hear or type, and without a secret in it.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { VIEWS } from '../../src/console/router.ts'
import { start } from '../kit.ts'
import { barriersOf, inBrowser, isDrawn, isLive } from './browser.ts'
import { traffic } from './traffic.ts'

inBrowser('the page', (window) => {
  test.each(['light', 'dark'] as const)('every view in %s', async (colorScheme) => {
    const box = await start()
    const { secrets } = await traffic(box)
    const found: Record<string, unknown> = {}
    for (const view of VIEWS) {
      const tab = await window(box.url, { colorScheme })
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
        wide: await page.evaluate('document.documentElement.scrollWidth > innerWidth'),
        secrets: await secretsIn(page, secrets),
        wrong: tab.takeWrong(),
      }
      const paper = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
      expect(brightness(paper) > 128, `${view}: ${paper} in ${colorScheme}`).toBe(colorScheme === 'light')
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
            wide: false,
            secrets: [],
            wrong: [],
          },
        ]),
      ),
    )
  })

  test('every entry, opened: no secret in it, no barrier, nothing that cannot be shown', async () => {
    const box = await start()
    const { secrets } = await traffic(box)
    // A secret where none belongs: the page shows what the journal keeps.
    for (const secret of secrets) await box.raw('GET', `/cpg/v1/nope?note=${encodeURIComponent(secret)}`)
    const { data } = (await box.control('GET', '/journal?view=brief&limit=1000')).json
    const page = await (await window(box.url)).tab(`w/default/timeline?entry=${data.at(-1).id}`)
    const kinds = new Set<string>()
    for (const { id, kind } of [...data].reverse()) {
      await page.goto(`${box.url}/_sandgate/console/w/default/timeline?entry=${id}`)
      await page.locator('.entry-panel .called').waitFor()
      await page.evaluate(`for (const part of document.querySelectorAll('details')) part.open = true`)
      expect(await page.locator('#entry-title').textContent()).toBe(`Entry ${id}`)
      expect(await page.locator('.problem').allTextContents(), `entry ${id}`).toEqual([])
      expect(await secretsIn(page, secrets), `entry ${id}`).toEqual([])
      if (!kinds.has(kind)) expect(await barriersOf(page), `entry ${id}`).toEqual([])
      kinds.add(kind)
    }
    expect([...kinds].sort()).toEqual(['call', 'callback', 'control', 'fault', 'timer'])
  })

  test('the reference of each provider is drawn without a request to elsewhere', async () => {
    const box = await start()
    for (const name of [...box.sandbox.providers.keys(), 'sandgate']) {
      const tab = await window(box.url)
      const page = await tab.tab(`reference/${name}`)
      await page.locator('#said').waitFor({ state: 'detached' })
      const title = (await box.control('GET', `/specs/${name}`)).json.info.title
      await page.getByText(title, { exact: true }).first().waitFor()
      await tab.context.close()
    }
  })
})

/** Looks for each of them in all that the page is made of, in what was typed in, and in what it keeps. */
async function secretsIn(page: Page, secrets: readonly string[]): Promise<string[]> {
  expect(secrets.length).toBeGreaterThan(15)
  const all = await page.evaluate<string>(
    `document.documentElement.outerHTML + document.documentElement.innerText + location.href +
      [...document.querySelectorAll('input, textarea')].map(({ value }) => value).join(' ') +
      JSON.stringify(localStorage) + JSON.stringify(sessionStorage)`,
  )
  return secrets.filter((secret) => all.includes(secret))
}

/** Of `rgb(17, 23, 28)`: 0 is black, 255 white. */
function brightness(color: string): number {
  const parts = (color.match(/\d+/g) ?? []).slice(0, 3).map(Number)
  return parts.reduce((sum, part) => sum + part, 0) / 3
}
