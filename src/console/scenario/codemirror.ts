// The editor itself, which is loaded only when somebody opens it. The server's own check marks the lines.
import { yaml } from '@codemirror/lang-yaml'
import { type Diagnostic, forceLinting, linter, lintGutter } from '@codemirror/lint'
import { basicSetup, EditorView } from 'codemirror'

export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly line?: number
}

export interface Editing {
  text(): string
  /** Replaces the whole text. */
  put(text: string): void
  /** Checks it now. */
  check(): void
  end(): void
}

/**
 * Opens an editor. Tab leaves it, as everywhere on the page.
 * @param check says what is wrong with a text
 */
export function edit(parent: HTMLElement, text: string, check: (text: string) => Promise<readonly Finding[]>): Editing {
  // The policy of the page allows only styles that carry its nonce.
  const nonce = document.querySelector<HTMLElement>('link[nonce]')?.nonce ?? ''
  const dark = matchMedia('(prefers-color-scheme: dark)').matches
  const view = new EditorView({
    parent,
    doc: text,
    extensions: [
      EditorView.cspNonce.of(nonce),
      EditorView.theme({}, { dark }),
      EditorView.contentAttributes.of({ 'aria-label': 'Scenario, YAML' }),
      basicSetup,
      yaml(),
      lintGutter(),
      linter(async ({ state: { doc } }): Promise<Diagnostic[]> =>
        (await check(doc.toString())).map(({ severity, message, line: number = 1 }) => {
          const line = doc.line(Math.min(number, doc.lines))
          return { from: line.from, to: line.to, severity, message }
        }),
      ),
    ],
  })
  return {
    text: () => view.state.doc.toString(),
    put: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    check: () => forceLinting(view),
    end: () => view.destroy(),
  }
}
