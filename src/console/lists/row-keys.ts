// The keys j and k over a list: the next and the previous row; with a row open beside the list, the one that they come to opens.
import { useRef } from 'preact/hooks'
import { useKeys } from '../ui/keys.tsx'

/** Makes j and k go through the links of class `row-link` in the element that is given the returned ref. */
export function useRowKeys() {
  const list = useRef<HTMLDivElement>(null)
  useKeys((key) => {
    if (key === 'j' || key === 'k') step(list.current, key === 'j' ? 1 : -1)
  })
  return list
}

function step(list: HTMLElement | null, by: number): void {
  const links = [...(list?.querySelectorAll<HTMLAnchorElement>('a.row-link') ?? [])]
  const focused = links.indexOf(document.activeElement as HTMLAnchorElement)
  const at = focused >= 0 ? focused : links.findIndex((link) => link.getAttribute('aria-current') !== null)
  const next = links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)]
  if (!next) return
  next.focus()
  next.scrollIntoView({ block: 'nearest' })
  if (document.querySelector('.entry-panel') !== null) next.click()
}
