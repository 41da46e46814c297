// Steps on a way, as a deposit or a withdrawal goes: those behind, the one it is at, those ahead, and the branch it took or will take.

import type { Step } from './step.ts'

const SAID: Readonly<Record<Step['is'], string>> = { done: 'done', now: 'at', ahead: 'not yet', bad: 'ended' }

export function Steps({ steps, label }: { readonly steps: readonly Step[]; readonly label: string }) {
  return (
    <ol class="steps" aria-label={label}>
      {steps.map(({ name, is }) => (
        <li key={name} class={is} aria-current={is === 'now' ? 'step' : undefined}>
          <span class="out-of-sight">{SAID[is]}: </span>
          {name}
        </li>
      ))}
    </ol>
  )
}
