// What views with several lists share: their sections as links, and what is known of a row.
import type { ComponentChildren } from 'preact'
import { Link } from '../ui/link.tsx'

interface SectionsProps {
  readonly label: string
  readonly sections: readonly (readonly [name: string, title: string, ...more: unknown[]])[]
  readonly shown: string
}

/** The sections of a view. A section begins without the filters of another. */
export function Sections({
  label,
  sections,
  shown,
  view,
}: SectionsProps & { readonly view: 'money' | 'callbacks' | 'rules' }) {
  return (
    <div class="sections" role="group" aria-label={label}>
      {sections.map(([name, title]) => (
        <Link key={name} view={view} query={{ show: name }} current={name === shown}>
          {title}
        </Link>
      ))}
    </div>
  )
}

/** What is known of a row, as pairs; those without a value are left out. */
export function Pairs({ pairs }: { readonly pairs: readonly (readonly [name: string, value: ComponentChildren])[] }) {
  return (
    <dl class="pairs">
      {pairs
        .filter(([, value]) => value !== undefined && value !== null && value !== false && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
