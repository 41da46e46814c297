// The page of one contract: reads the OpenAPI document that the sandbox judges by, and hands it to RapiDoc.
import { api, Problem } from './api/client.ts'
import { asking, giveToken } from './api/token.ts'
import { CONSOLE, DEFAULT_WORLD, urlOf } from './router.ts'

interface RapiDoc extends HTMLElement {
  loadSpec(document: unknown): void
}

const [name = ''] = location.pathname.replace(`${CONSOLE}/reference/`, '').split('/')
const page = document.getElementById('document') as RapiDoc
const said = document.getElementById('said')!
const world = new URLSearchParams(location.search).get('world') ?? DEFAULT_WORLD
document.getElementById('back')!.setAttribute('href', urlOf(world, 'reference'))
document.title = `${name} · reference · Sandgate`
page.setAttribute('theme', matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')

// The one place of the console that asks in the browser's own way: this page has nothing else on it.
asking.watch((state) => {
  if (state === 'no') return
  const typed = prompt(state === 'first' ? 'The control token of this sandbox:' : 'That token was refused. The token:')
  if (typed) giveToken(typed)
  else said.textContent = 'Without the control token the document cannot be read. Reload the page to try again.'
})

try {
  const document = await api<unknown>(DEFAULT_WORLD, `/specs/${name}`, { accept: 'application/json' })
  await customElements.whenDefined('rapi-doc')
  page.loadSpec(document)
  said.remove()
} catch (error) {
  said.textContent = error instanceof Problem ? error.message : `The document cannot be shown: ${String(error)}`
}
