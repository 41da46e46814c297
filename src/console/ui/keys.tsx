// The keyboard: single keys for what is done all day, and a page that lists them.
import { useEffect } from 'preact/hooks'
import { VIEWS } from '../router.ts'
import { Dialog } from './dialog.tsx'

/** What each key does. */
export const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['j, k', 'next, previous row of a list; with one open beside it, the next, previous one opens'],
  ['Enter', 'open the row'],
  ['Esc', 'close the entry or the dialog'],
  ['/', 'search'],
  [`1 … ${VIEWS.length}`, 'go to a view'],
  ['?', 'this list'],
]

/** Calls `pressed` for keys that are pressed alone, while nobody types and no dialog is open. */
export function useKeys(pressed: (key: string, event: KeyboardEvent) => void): void {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
      const target = event.target as HTMLElement
      const typing = target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
      if (document.querySelector('dialog[open]') !== null) return
      if (typing) {
        if (event.key === 'Escape') target.blur()
        return
      }
      pressed(event.key, event)
    }
    addEventListener('keydown', listener)
    return () => removeEventListener('keydown', listener)
  })
}

export function KeyHelp({ close }: { readonly close: () => void }) {
  return (
    <Dialog title="Keys" close={close}>
      <dl class="pairs">
        {KEYS.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
