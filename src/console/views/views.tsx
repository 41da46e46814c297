// The views by name. Each is given its world and the parameters of its URL, and keeps its state in them.
import type { ComponentType } from 'preact'
import type { ViewName } from '../router.ts'
import { Callbacks } from './callbacks.tsx'
import { Checkpoints } from './checkpoints.tsx'
import { Findings } from './findings.tsx'
import { Money } from './money.tsx'
import { Reference } from './reference.tsx'
import { Rules } from './rules.tsx'
import { Scenario } from './scenario.tsx'
import { Timeline } from './timeline.tsx'
import type { ViewOf } from './view.ts'
import { Worlds } from './worlds.tsx'

export const TITLES: Readonly<Record<ViewName, string>> = {
  timeline: 'Timeline',
  money: 'Money',
  callbacks: 'Callbacks',
  scenario: 'Scenario',
  rules: 'Rules',
  reference: 'Reference',
  worlds: 'Worlds',
  checkpoints: 'Checkpoints',
  findings: 'Findings',
}

export const COMPONENTS: Readonly<Record<ViewName, ComponentType<ViewOf>>> = {
  timeline: Timeline,
  money: Money,
  callbacks: Callbacks,
  scenario: Scenario,
  rules: Rules,
  reference: Reference,
  worlds: Worlds,
  checkpoints: Checkpoints,
  findings: Findings,
}
