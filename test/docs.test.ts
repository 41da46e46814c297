// The documents are up to date: every generated region says what the code says now, and every command and snippet of the provider pages works as
// printed. `npm run docs` writes the regions anew.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findProviders } from '../src/app.ts'
import { once, PROVIDER_REGIONS } from './docs/provider-tables.ts'
import { filled } from './docs/regions.ts'
import { samplesOf, STORIES } from './docs/samples.ts'

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
  const file = `${ROOT}docs/providers/${name}.md`

  test('it has a page with every region', () => {
    expect(existsSync(file), `docs/providers/${name}.md`).toBe(true)
    const text = readFileSync(file, 'utf8')
    expect(Object.keys(PROVIDER_REGIONS).filter((region) => !text.includes(`<!-- generated: ${region} -->`))).toEqual(
      [],
    )
  })

  test('every event has a sample, or is said never to be sent', async () => {
    const { samples } = await once('samples', provider, samplesOf)
    const sent = new Set(samples.map(({ event }) => event))
    const never = Object.keys(STORIES[name]?.never ?? {})
    expect(never.filter((event) => sent.has(event))).toEqual([])
    expect(provider.callbacks!.events.filter((event) => !sent.has(event) && !never.includes(event))).toEqual([])
  })
})
