// Starts the page.
import { render } from 'preact'
import { App } from './app.tsx'
import { followHistory } from './router.ts'

followHistory()
render(<App />, document.getElementById('page')!)
