// The page follows its world: over one stream for all tabs of a browser, through a restart of the sandbox, through ten thousand entries, and it holds up
// nobody who wants to stop the sandbox.
import { get, type IncomingMessage } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { allocation, client } from '../clients/cpg.ts'
import { serve } from '../command-line.ts'
import { type Kit, START, start } from '../kit.ts'
import { eventually, inBrowser, isLive, opened, rowsOf } from './browser.ts'

/** As many streams as a sandbox lets in at all. */
const STREAMS_MOST = 100
/** Rows that the page holds at once. */
const WINDOW = 500

/** How many streams a sandbox serves: so many fewer are let in. */
async function streamsOf(box: Kit): Promise<number> {
  const opened: IncomingMessage[] = []
  try {
    for (;;) {
      const answer = await new Promise<IncomingMessage>((resolve, reject) =>
        get(`${box.url}/_sandgate/events`, { agent: false }, resolve).on('error', reject),
      )
      opened.push(answer)
      if (answer.statusCode === 409) return STREAMS_MOST - (opened.length - 1)
    }
  } finally {
    const closed = opened.map((answer) => new Promise((resolve) => answer.on('close', resolve)))
    for (const answer of opened) answer.destroy()
    await Promise.all(closed)
  }
}

/** Many calls over one connection, none of which waits for the answer to the one before. */
function manyCalls(url: string, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('latin1')
    let answered = 0
    let rest = ''
    socket.on('data', (text: string) => {
      const parts = (rest + text).split('HTTP/1.1 ')
      answered += parts.length - 1
      rest = parts.at(-1)!.slice(-8)
      if (answered === count) socket.destroy()
    })
    socket.on('error', reject).on('close', () => (answered === count ? resolve() : reject(new Error(`${answered}`))))
    for (let index = 1; index <= count; index++)
      socket.write(`GET /cpg/v1/nothing/${index} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`)
  })
}

inBrowser('the page, live', (window) => {
  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'restarted after %s: no entry is missing, and none is there twice',
    async (signal) => {
      const data = mkdtempSync(join(tmpdir(), 'sandgate-console-'))
      onTestFinished(() => rmSync(data, { recursive: true }))
      const flags = ['--data', data, '--clock', START]
      const first = serve(flags)
      const url = await first.ready()
      let count = 0
      const call = async () => {
        const { path, headers, body } = client.sign(allocation({ user_identifier: `user_${count++}` }), Date.now())
        const answer = await fetch(`${url}/cpg${path}`, { method: 'POST', headers: headers!, body: body! })
        expect(answer.status).toBe(200)
        return Number(answer.headers.get('x-sandgate-entry'))
      }
      const page = await (
        await window(url, { meant: /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE/ })
      ).tab()
      await isLive(page)
      const made = [await call(), await call()]
      await eventually(() => rowsOf(page)).toEqual([...made].reverse())

      first.child.kill(signal)
      await first.ended
      await page.locator('.standing.bad', { hasText: /^no answer since \d\d:\d\d:\d\d, trying again$/ }).waitFor()
      expect(await rowsOf(page), 'what was seen stays to be seen').toEqual([...made].reverse())

      const second = serve([...flags, '--port', new URL(url).port])
      await second.ready()
      // Before the page is back, and after.
      await call()
      await isLive(page)
      const last = await call()
      await eventually(() => rowsOf(page)).toContain(last)
      const { data: kept } = (await (await fetch(`${url}/_sandgate/journal?view=brief`)).json()) as {
        data: { id: number }[]
      }
      await eventually(() => rowsOf(page)).toEqual(kept.map(({ id }) => id).reverse())
      expect(kept.length).toBeGreaterThanOrEqual(2)
    },
  )

  test('nine tabs share one stream, and the next one has it when the first is closed', async () => {
    const box = await start()
    const tab = await window(box.url)
    const tabs: Page[] = []
    for (let count = 0; count < 9; count++) {
      tabs.push(await tab.tab())
      await isLive(tabs.at(-1)!)
    }
    expect(await streamsOf(box)).toBe(1)
    const all = async () => {
      await box.call(client, allocation())
      const { data } = (await box.control('GET', '/journal?view=brief')).json
      const ids = data.map(({ id }: any) => id).reverse()
      for (const page of tabs) await eventually(() => rowsOf(page)).toEqual(ids)
    }
    await all()
    await all()
    await tabs.shift()!.close()
    await eventually(() => streamsOf(box)).toBe(1)
    await all()
    for (const page of tabs) await isLive(page)
    expect(
      tab.asked.filter((line) => line === 'GET /_sandgate/events'),
      'one by each of the leaders',
    ).toHaveLength(2)
  })

  test('ten thousand entries: the newest are drawn, the others are found by paging', async () => {
    const box = await start()
    await manyCalls(box.url, 4_000)
    const page = await (await window(box.url)).tab()
    await isLive(page)
    await eventually(() => page.locator('.rows a.row-link').count()).toBe(WINDOW)
    await manyCalls(box.url, 6_000)
    const from = (newest: number) => Array.from({ length: WINDOW }, (_, index) => newest - index)
    await eventually(() => rowsOf(page)).toEqual(from(10_000))
    await page.getByRole('link', { name: '9999', exact: true }).click()
    await opened(page, 9_999)
    await page.getByRole('link', { name: 'Older entries' }).click()
    await eventually(() => rowsOf(page)).toEqual(from(10_000 - WINDOW))
    await page.getByRole('link', { name: 'Older entries' }).click()
    await eventually(() => rowsOf(page)).toEqual(from(10_000 - 2 * WINDOW))
    // What comes now does not move a page of older ones.
    await manyCalls(box.url, 1)
    await page.getByRole('link', { name: 'Back to the newest' }).click()
    await eventually(() => rowsOf(page)).toEqual(from(10_001))
    await page.goto(`${box.url}/_sandgate/console/w/default/timeline?before=12`)
    await page.getByText('The journal had to drop 1 older entries.').waitFor()
    expect(await rowsOf(page)).toEqual(from(11).slice(0, 10))
  })

  test('SIGTERM with an open page: the stream is ended in order, and the sandbox is gone', async () => {
    const running = serve()
    const page = await (await window(await running.ready(), { meant: /ERR_CONNECTION_REFUSED/ })).tab()
    await isLive(page)
    // The page reads an ended stream to its end and then lets go of it; one that is cut off when patience is over fails as incomplete.
    const ends: (string | undefined)[] = []
    page.on('requestfinished', () => ends.push('finished'))
    page.on('requestfailed', (request) => ends.push(request.failure()?.errorText))
    running.child.kill('SIGTERM')
    expect(await running.ended).toMatchObject({ status: 0, stderr: '' })
    await page.locator('.standing.bad').waitFor()
    expect(ends[0]).toMatch(/^(finished|net::ERR_ABORTED)$/)
  })
})
