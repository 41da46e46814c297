// What reaches the page from outside, and must not get further: texts that look like markup, answers that are not as they should be, other pages, people
// without the token.
import { expect, test } from 'vitest'
import { VIEWS } from '../../src/console/router.ts'
import { allocation, client } from '../clients/cpg.ts'
import { Inbox, type Kit, start } from '../kit.ts'
import { eventually, inBrowser, isDrawn, isLive, opened, rowsOf } from './browser.ts'

const MARKUP = `</script><img src=x onerror="document['title']='taken'">`

/** Calls that hand out an address; answers with their entries, newest first as the page has them. */
async function calls(box: Kit, count: number): Promise<number[]> {
  const entries: number[] = []
  for (let index = 0; index < count; index++) {
    const reply = await box.call(client, allocation({ user_identifier: `user_${index}` }))
    entries.unshift(Number(reply.headers['x-sandgate-entry']))
  }
  return entries
}

inBrowser('the page, from outside', (window) => {
  test('markup stays text: in bodies, in what is copied, in a search, in the name of a world', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    inbox.answers = () => ({ status: 500, body: MARKUP })
    await box.subscribe('cpg', inbox)
    const reply = await box.call(client, allocation({ user_identifier: MARKUP }))
    await box.deposit(reply.json.data.address, '12.5', { confirmations: 'instant' })
    await box.advance('1m')
    const refused = await box.call(client, {
      ...allocation({ network: MARKUP }),
      path: `/v1/deposit-addresses?${encodeURIComponent(MARKUP)}`,
    })
    // There is no world and no operation of that name.
    const page = await (await window(box.url, { meant: /404.*%3Cimg.*\/events|422.*operation=.*%3Cimg/ })).tab()
    await isLive(page)
    const shows = async (id: unknown) => {
      await page.goto(`${box.url}/_sandgate/console/w/default/timeline?entry=${id}`)
      await opened(page, Number(id))
      await page.evaluate(`for (const part of document.querySelectorAll('details')) part.open = true`)
      expect(await page.locator('.entry-panel').textContent()).toContain('<img src=x')
    }
    const { data } = (await box.control('GET', '/journal?kind=callback')).json
    for (const id of [data.at(-1).id, refused.headers['x-sandgate-entry'], reply.headers['x-sandgate-entry']])
      await shows(id)
    for (const name of ['As curl', 'As a scenario rule', 'As a verify', 'As a test']) {
      await page.getByRole('button', { name }).click()
      expect(await page.locator('dialog pre').allTextContents()).toContainEqual(expect.stringContaining('img src'))
      await page.keyboard.press('Escape')
      await page.locator('dialog').waitFor({ state: 'detached' })
    }
    const text = encodeURIComponent(MARKUP)
    for (const path of [
      `w/default/timeline?text=${text}&operation=${text}`,
      `w/${text}/timeline`,
      `w/default/${text}`,
      ...VIEWS.map((view) => `w/default/${view}`),
    ]) {
      await page.goto(`${box.url}/_sandgate/console/${path}`)
      await isDrawnSomehow(page)
    }
    await page.goto(`${box.url}/_sandgate/console/w/default/timeline?text=${text}`)
    await page.getByText(`Text “${MARKUP}” ×`).waitFor()
    expect(await page.title()).toBe('Timeline · default · Sandgate')

    async function isDrawnSomehow(of: typeof page) {
      await eventually(() => of.locator('main').textContent()).not.toBe('')
      expect(await of.locator('img').count(), of.url()).toBe(0)
    }
  })

  test.each([
    ['whose values are of other kinds', { at: 5, kind: {}, made: 'x', faults: 1, hint: [] }],
    ['that lacks everything', { at: undefined, kind: undefined, path: undefined }],
    ['whose lists are none', { made: { addresses: null }, summary: { a: 1 } }],
    ['that is null', null],
  ])('an entry %s spoils one row', async (_, bent) => {
    const box = await start()
    const entries = await calls(box, 3)
    const page = await (await window(box.url)).tab('nowhere')
    await page.route('**/_sandgate/journal?*', async (route) => {
      const answer = await route.fetch()
      const { data, ...rest } = await answer.json()
      const spoilt = data.map((entry: any) => (entry.id === entries[1] ? bent && { ...entry, ...bent } : entry))
      await route.fulfill({ response: answer, json: { ...rest, data: spoilt } })
    })
    await page.goto(`${box.url}/_sandgate/console/w/default/timeline`)
    await isLive(page)
    await eventually(() => rowsOf(page)).toEqual(expect.arrayContaining([entries[0], entries[2]]))
    // The list lives on.
    const [next] = await calls(box, 1)
    await eventually(() => rowsOf(page)).toContain(next)
  })

  test('an event that is not as it should be is passed over, and the stream goes on behind it', async () => {
    const box = await start()
    await calls(box, 6)
    // A blank page, so that the first stream is the one that is bent.
    const page = await (await window(box.url, { meant: /an event was passed over/ })).context.newPage()
    const resumed: (string | undefined)[] = []
    await page.route('**/_sandgate/events', async (route) => {
      resumed.push(route.request().headers()['last-event-id'])
      if (resumed.length > 1) return route.continue()
      const { value } = await (await fetch(route.request().url())).body!.getReader().read()
      const head = Buffer.from(value!).toString().split('\n\n').slice(0, 2)
      const bent = [
        'entry\nid: 3\ndata: {not json',
        'entry\nid: 4\ndata: null',
        'clock\ndata: {',
        'gap\ndata: null',
        'x\ndata: {}',
      ]
      const whole = { id: 5, kind: 'control', at: '2026-05-16T19:00:00.000Z', summary: 'is shown' }
      await route.fulfill({
        headers: { 'content-type': 'text/event-stream' },
        body: [
          ...head,
          ...bent.map((text) => `event: ${text}`),
          `event: entry\nid: 5\ndata: ${JSON.stringify(whole)}`,
          '',
        ].join('\n\n'),
      })
    })
    await page.goto(`${box.url}/_sandgate/console/w/default/timeline`)
    await page.getByText('is shown').waitFor()
    await eventually(() => resumed.slice(0, 2)).toEqual([undefined, '5'])
    await isLive(page)
    const entries = await calls(box, 2)
    await eventually(() => rowsOf(page)).toEqual(expect.arrayContaining(entries))
  })

  test('sandgate.guard.origin: a page of another place can neither drive the sandbox nor show its console', async () => {
    const box = await start()
    const evil = await Inbox.open()
    evil.answers = () => ({
      headers: { 'content-type': 'text/html' },
      body: '<!doctype html><link rel=icon href=data:,><p>',
    })
    const tab = await window(evil.url.replace('/hooks', ''), {
      meant: new RegExp(`${box.url}|CORS|ERR_FAILED|frame`, 'i'),
    })
    const page = await tab.context.newPage()
    await page.goto(evil.url)
    const advance = (more: string) =>
      page.evaluate<string>(
        `fetch('${box.url}/_sandgate/clock/advance', { method: 'POST', body: '{"by":"1h"}', ${more} }).then(({ type }) => type, String)`,
      )
    expect(await advance(`mode: 'no-cors'`)).toBe('opaque')
    expect(await advance(`mode: 'cors'`)).toMatch(/Failed to fetch/)
    expect(await advance(`headers: { 'content-type': 'application/json' }`)).toMatch(/Failed to fetch/)
    expect(
      await page.evaluate<string>(`fetch('${box.url}/_sandgate/journal').then(({ type }) => type, String)`),
    ).toMatch(/Failed to fetch/)
    expect((await box.control('GET', '/clock')).json.now).toBe('2026-05-16T19:00:00.000Z')
    const blocked = page.waitForEvent('requestfailed')
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement('iframe'), { src: '${box.url}/_sandgate/console/' }))`,
    )
    expect((await blocked).failure()?.errorText).toBe('net::ERR_BLOCKED_BY_RESPONSE')
  })

  test('sandgate.guard.token: the token is asked for once, and is nowhere in the page', async () => {
    const controlToken = 'token-of-the-house'
    const box = await start({ controlToken })
    const entry = (await box.call(client, allocation())).headers['x-sandgate-entry']
    const tab = await window(box.url, { meant: /401/ })
    const page = await tab.tab('w/default/timeline')
    const dialog = page.getByRole('dialog', { name: 'Control token' })
    await dialog.waitFor()
    const refusals: string[] = []
    page.on('response', (answer) => {
      if (answer.status() === 401) refusals.push(answer.url())
    })
    await page.getByRole('textbox', { name: 'Token' }).fill('another')
    await page.keyboard.press('Enter')
    await dialog.getByRole('alert').waitFor()
    expect(await dialog.getByRole('alert').textContent()).toContain('--control-token')
    expect(await page.getByRole('dialog').count()).toBe(1)
    await page.getByRole('textbox', { name: 'Token' }).fill(controlToken)
    await page.keyboard.press('Enter')
    await isLive(page)
    await eventually(() => rowsOf(page)).toContain(Number(entry))
    refusals.length = 0
    for (const view of [...VIEWS, 'timeline'] as const) {
      await page.getByRole('navigation').getByText(view).click()
      await isDrawn(page)
      expect(await page.getByRole('dialog').count(), view).toBe(0)
      expect(await page.evaluate<string>('document.documentElement.outerHTML')).not.toContain(controlToken)
    }
    await page.reload()
    await isLive(page)
    await eventually(() => rowsOf(page)).toContain(Number(entry))
    expect([refusals, await page.getByRole('dialog').count()]).toEqual([[], 0])
    expect(
      tab.asked.filter((line) => line.includes(controlToken)),
      'in no URL',
    ).toEqual([])
  })
})
