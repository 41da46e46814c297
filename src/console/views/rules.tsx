// The view "Rules": every behaviour that the sandbox keeps, and the notable situations that this world has shown or never shown.
import type { ComponentType } from 'preact'
import { Sections } from '../lists/sections.tsx'
import { RuleList } from '../rules/list.tsx'
import { Situations } from '../rules/situations.tsx'
import type { ViewOf } from './view.ts'

const SECTIONS = [
  ['rules', 'Rules', RuleList],
  ['situations', 'Notable situations', Situations],
] as const satisfies readonly (readonly [string, string, ComponentType<ViewOf>])[]

export function Rules({ world, query }: ViewOf) {
  const [shown, title, Section] = SECTIONS.find(([name]) => name === query.show) ?? SECTIONS[0]
  return (
    <section class="rules-view" aria-labelledby="rules-title">
      <h1 id="rules-title" class="out-of-sight">
        {title} of {world}
      </h1>
      <Sections label="Parts of Rules" view="rules" sections={SECTIONS} shown={shown} />
      <Section key={shown} world={world} query={query} />
    </section>
  )
}
