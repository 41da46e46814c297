// The documents are up to date: every generated region says what the code says now, and every command and snippet of the provider pages works as
// printed. `npm run docs` writes the regions anew.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSandbox, findProviders } from '../src/app.ts'
import { once, PROVIDER_REGIONS } from './docs/provider-tables.ts'
import { filled } from './docs/regions.ts'
import { samplesOf, STORIES } from './docs/samples.ts'
import { casesOf, isInstalled, LANGUAGES, paste, stepsOf, verdicts } from './docs/snippets.ts'
import { Inbox } from './kit.ts'

const ROOT = new URL('..', import.meta.url).pathname
const providers = await findProviders()

/** Every document that may have generated regions, by its path from the root. */
const DOCUMENTS = [
  'README.md',
  ...readdirSync(`${ROOT}docs`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file.replaceAll('\\', '/')}`),
]

// The name of this block is what `npm run docs` selects.
describe('generated regions', () => {
  test.each(DOCUMENTS)('%s is what `npm run docs` writes', async (file) => {
    const text = readFileSync(`${ROOT}${file}`, 'utf8')
    await expect(await filled(text, file, providers)).toMatchFileSnapshot(`${ROOT}${file}`)
  })
})

describe.each([...providers.values()].map((provider) => [provider.name, provider] as const))('%s', (name, provider) => {
  const file = `docs/providers/${name}.md`
  const text = existsSync(`${ROOT}${file}`) ? readFileSync(`${ROOT}${file}`, 'utf8') : ''
  const blocks = (language: string) =>
    [...text.matchAll(/^```(\w+)\n([^]*?)^```/gm)].filter(([, fence]) => fence === language).map(([, , code]) => code!)

  test('it has a page with every region', () => {
    expect(text, file).not.toBe('')
    expect(Object.keys(PROVIDER_REGIONS).filter((region) => !text.includes(`<!-- generated: ${region} -->`))).toEqual(
      [],
    )
  })

  test('it lists as not modelled what GET rules does, and why', async () => {
    const sandbox = await createSandbox()
    onTestFinished(() => sandbox.close())
    const told: any = await (await fetch(`${await sandbox.listen()}/_sandgate/rules?provider=${name}`)).json()
    const open = told.data.filter(({ status }: { status: string }) => status !== 'implemented')
    const [, region = ''] = /<!-- generated: not-modelled -->([^]*?)<!-- end -->/.exec(text) ?? []
    const rows = [...region.matchAll(/ \| (no|partly) \| (\S.*) \|$/gm)].map(([, is, why]) => [is, why])
    expect(rows).toEqual(open.map(({ kept, because }: { kept: string; because: string }) => [kept, because]))
  })

  test('every event has a sample, or is said never to be sent', async () => {
    const { samples } = await once('samples', provider, samplesOf)
    const sent = new Set(samples.map(({ event }) => event))
    const never = Object.keys(STORIES[name]?.never ?? {})
    expect(never.filter((event) => sent.has(event))).toEqual([])
    expect(provider.callbacks!.events.filter((event) => !sent.has(event) && !never.includes(event))).toEqual([])
  })

  test('its shell commands work as printed, and bring an address and a callback', async () => {
    const commands = blocks('bash')
    expect(commands.filter((code) => code.includes('curl '))).not.toEqual([])
    expect(commands.filter((code) => code.includes('sandgate call '))).not.toEqual([])
    const sandbox = await createSandbox()
    onTestFinished(() => sandbox.close())
    const inbox = await Inbox.open()
    const outputs = await paste(commands, await sandbox.listen(), new URL(inbox.url).origin)
    for (const output of outputs) expect(output).not.toBe('')
    expect(outputs.join('\n')).toMatch(/fake|0xfa4e/i)
    expect(inbox.received).not.toEqual([])
  })

  test.each(LANGUAGES)(
    'the $title snippet compares in constant time and takes the steps that the one for Node takes',
    (language) => {
      const [code, ...more] = blocks(language.fence)
      expect(more).toEqual([])
      expect(code).toMatch(language.compares)
      expect(stepsOf(code!)).toEqual(stepsOf(blocks('js')[0]!))
    },
  )

  const [here, missing] = [true, false].map((is) => LANGUAGES.filter((language) => isInstalled(language) === is))

  test.each(here!)(
    'the $title snippet, run: true for a callback as it was sent, false for every other one',
    async (language) => {
      const cases = await casesOf(provider)
      const said = await verdicts(language, blocks(language.fence)[0]!, cases)
      expect(cases.map(({ what }, i) => [what, said[i]])).toEqual(cases.map(({ what, right }) => [what, right]))
    },
  )

  test.each(missing!)('the $title snippet is NOT RUN, because $program is not on this machine', (language) => {
    expect(blocks(language.fence)).toHaveLength(1)
  })
})
