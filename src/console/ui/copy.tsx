// A button that copies a text, and says that it did.
import { useState } from 'preact/hooks'

export function CopyButton({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  const [said, setSaid] = useState('')
  const copy = async () => {
    setSaid((await copied(text)) ? 'Copied' : 'Not copied: select it and press Ctrl C')
  }
  return (
    <button type="button" class="small" onClick={() => void copy()} onBlur={() => setSaid('')}>
      <span aria-live="polite">{said === '' ? label : said}</span>
    </button>
  )
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copiedTheOldWay(text)
  }
}

/** Where the page came over plain http from another host there is no clipboard but this one. */
function copiedTheOldWay(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'out-of-sight'
  // A dialog takes the focus from everything outside of it.
  const inside = document.querySelector('dialog[open]') ?? document.body
  inside.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  return done
}
