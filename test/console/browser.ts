// The console in headless Chromium, as a person has it in front of them. Whatever a page does that it must never do fails the test that opened it: an error
// in its console, a request to another place, a breach of its content security policy.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest'
import { CHROMIUM, DEMANDED, missing } from './chromium.ts'

/** Against hangs only. */
export const HANG_MS = 120_000

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Tests that have a browser: one for the block, which each test opens windows of. */
export function inBrowser(title: string, block: (window: Windows) => void): void {
  describe.skipIf(CHROMIUM === undefined && !DEMANDED)(`${title}, in Chromium`, () => {
    const started: Browser[] = []
    beforeAll(async () => {
      if (CHROMIUM === undefined) throw new Error(missing())
      // The profile is a folder of its own, which goes with the browser.
      started.push(await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS }))
    })
    afterAll(async () => {
      for (const browser of started) await browser.close()
    })
    block(async (origin, options) => Window.open(started[0]!, origin, options))
  })
}

/** Opens a fresh window, with no memory of any other. */
export type Windows = (origin: string, options?: WindowOptions) => Promise<Window>

export interface WindowOptions extends Pick<BrowserContextOptions, 'colorScheme' | 'viewport'> {
  /** Errors in the console that belong to what is tested: a sandbox that was stopped, a token that was refused. */
  readonly meant?: RegExp
}

/** A browser window with its tabs. */
export class Window {
  readonly origin: string
  readonly context: BrowserContext
  /** Method and path of everything that its pages asked for. */
  readonly asked: string[] = []
  readonly #wrong: string[] = []
  readonly #meant: RegExp | undefined

  private constructor(context: BrowserContext, origin: string, meant: RegExp | undefined) {
    this.context = context
    this.origin = origin
    this.#meant = meant
  }

  static async open(browser: Browser, origin: string, { meant, ...options }: WindowOptions = {}): Promise<Window> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    context.setDefaultTimeout(HANG_MS)
    const window = new Window(context, origin, meant)
    context.on('request', (request) => {
      const url = new URL(request.url())
      window.asked.push(`${request.method()} ${url.pathname}${url.search}`)
      if (url.origin !== origin && !['data:', 'blob:'].includes(url.protocol))
        window.#complain(`asked ${request.url()}, which is elsewhere`)
    })
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        window.#complain(`${message.text()} (${message.location().url})`)
    })
    context.on('weberror', (error) => window.#complain(String(error.error().stack)))
    await context.addInitScript(
      `addEventListener('securitypolicyviolation', (event) => console.error('breach of the policy: ' + event.violatedDirective + ' ' + event.blockedURI))`,
    )
    onTestFinished(async () => {
      await context.close()
      expect(window.#wrong, 'what the page did wrong').toEqual([])
    })
    return window
  }

  /** Opens a tab at a path below the console: `w/default/timeline`. */
  async tab(path = ''): Promise<Page> {
    const page = await this.context.newPage()
    await page.goto(`${this.origin}/_sandgate/console/${path}`)
    return page
  }

  /** What was done wrong so far; from now on it is no longer held against the test. */
  takeWrong(): string[] {
    return this.#wrong.splice(0)
  }

  #complain(text: string): void {
    if (!this.#meant?.test(text)) this.#wrong.push(text)
  }
}

/** Waits until something is so. */
export function eventually<Value>(look: () => Value | Promise<Value>): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(look, { timeout: HANG_MS, interval: 20 })
}

/** Waits until the page follows its world. */
export async function isLive(page: Page): Promise<void> {
  await page.locator('.standing.good').waitFor()
}

/** Waits until nothing of the view is still being read. */
export async function isDrawn(page: Page): Promise<void> {
  await page.locator('nav a[aria-current=page]').waitFor()
  await eventually(() => page.locator('main .reading').count()).toBe(0)
}

/** Waits until an entry is open, and read. */
export async function opened(page: Page, id: number): Promise<void> {
  const title = page.getByRole('heading', { name: `Entry ${id}`, exact: true })
  await page.locator('.entry-panel').filter({ has: title }).locator('.called').waitFor()
}

/** The ids of the rows of the timeline, newest first. */
export async function rowsOf(page: Page): Promise<number[]> {
  return (await page.locator('.rows a.row-link').allTextContents()).map(Number)
}

/**
 * What axe has against the page, as sentences.
 * @param rules those alone; default: all
 */
export async function barriersOf(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(AXE)
  const only = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) }
  const { violations } = await page.evaluate<{ violations: any[] }>(`axe.run(document, ${JSON.stringify(only)})`)
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }: any) => `${id}: ${help}: ${html} ${failureSummary}`),
  )
}

/** Whether a part of the page is cut off to the right. */
export function isWide(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > innerWidth')
}

/** Looks for each of them in all that the page is made of, in what was typed in, and in what it keeps. */
export async function secretsIn(page: Page, secrets: readonly string[]): Promise<string[]> {
  expect(secrets.length).toBeGreaterThan(15)
  const all = await page.evaluate<string>(
    `document.documentElement.outerHTML + document.documentElement.textContent + location.href +
      [...document.querySelectorAll('input, textarea')].map(({ value }) => value).join(' ') +
      JSON.stringify(localStorage) + JSON.stringify(sessionStorage)`,
  )
  return secrets.filter((secret) => all.includes(secret))
}
