// A short word with a colour: a status, a mark, that a fault struck. The word says it all; the colour only helps to find it.
import type { ComponentChildren } from 'preact'

export type Tone = 'plain' | 'good' | 'bad' | 'warn' | 'info'

export function Chip({ tone = 'plain', title, children }: ChipProps) {
  return (
    <span class={`chip ${tone}`} title={title}>
      {children}
    </span>
  )
}

interface ChipProps {
  readonly tone?: Tone
  readonly title?: string | undefined
  readonly children: ComponentChildren
}

/** The status of an HTTP answer; none: the connection was cut, or nobody answered. */
export function StatusChip({
  status,
  refused,
}: {
  readonly status?: number | null | undefined
  readonly refused?: boolean | undefined
}) {
  if (status == null || status === 0) return <Chip tone="bad">cut off</Chip>
  return <Chip tone={refused || status >= 400 ? 'bad' : status >= 300 ? 'warn' : 'good'}>{status}</Chip>
}
