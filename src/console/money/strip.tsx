// What becomes of an address as time passes, as a strip: shown to the payer, watched, then free for somebody else; and where on it now is.
import type { HandOut } from '../api/shapes.ts'
import { useNow } from '../lists/now.ts'
import { durationOf, timeOf } from '../ui/time.tsx'

const WIDTH = 160

type Windowed = Pick<HandOut, 'at' | 'windows'>

/** The strip, with its sentence as its text. */
export function Strip({ row }: { readonly row: Windowed }) {
  const now = useNow()
  if (now === undefined) return null
  const { display_until: display, monitored_until: monitored, reuse_from: reuse } = row.windows ?? {}
  if (display === undefined && monitored === undefined && reuse === undefined)
    return <span class="muted">shown and watched always</span>
  const from = Date.parse(row.at)
  const ends = [display, monitored, reuse].flatMap((iso) => (iso === undefined ? [] : [Date.parse(iso)]))
  // What never ends goes on behind the last instant that is known.
  const last = Math.max(now, ...ends)
  const end = monitored === undefined ? last + (last - from) / 2 : last
  // A short window stays visible beside a long one: the strip is of the square root of time.
  const x = (at: number) => Math.sqrt(Math.max(0, at - from) / Math.max(1, end - from)) * WIDTH
  const until = (iso: string | undefined) => (iso === undefined ? WIDTH : x(Date.parse(iso)))
  return (
    <svg
      class="strip"
      width={WIDTH}
      height="16"
      viewBox={`0 0 ${WIDTH} 16`}
      role="img"
      aria-label={sentenceOf(row, now)}
    >
      <title>{sentenceOf(row, now)}</title>
      <rect class="watched" x="0" y="5" width={until(monitored)} height="7" />
      {display !== undefined && <rect class="shown" x="0" y="3" width={until(display)} height="11" />}
      {reuse !== undefined && (
        <rect class="free" x={until(reuse)} y="5" width={Math.max(2, WIDTH - until(reuse))} height="7" />
      )}
      <rect class="now" x={Math.min(x(now), WIDTH - 2)} y="0" width="2" height="16" />
    </svg>
  )
}

/** What the colours of the strips are. */
export function Legend() {
  const colours = [
    ['shown', 'shown to the payer'],
    ['watched', 'watched for money'],
    ['free', 'free for somebody else'],
    ['now', 'now'],
  ]
  return (
    <span class="legend">
      {colours.map(([name, says]) => (
        <span key={name}>
          <svg class="strip" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
            <rect class={name} x={name === 'now' ? 5 : 0} y="0" width={name === 'now' ? 2 : 12} height="12" />
          </svg>{' '}
          {says}
        </span>
      ))}
    </span>
  )
}

/** The windows against now in words, for those who do not see the strip, and in the panel of the address. */
export function Windows({ row }: { readonly row: Windowed }) {
  const now = useNow()
  return now === undefined ? null : <>{sentenceOf(row, now)}</>
}

/** `shown until 22:00:00 (2h 57m left); watched until …` */
export function sentenceOf({ windows }: Windowed, now: number): string {
  const { display_until: display, monitored_until: monitored, reuse_from: reuse } = windows ?? {}
  const until = (iso: string) => {
    const left = Date.parse(iso) - now
    return `until ${timeOf(iso)} (${left > 0 ? `${durationOf(left)} left` : `over for ${durationOf(left)}`})`
  }
  return [
    display === undefined ? 'shown to the payer always' : `shown to the payer ${until(display)}`,
    monitored === undefined ? 'watched for money always' : `watched for money ${until(monitored)}`,
    reuse === undefined
      ? 'never given to anybody else'
      : Date.parse(reuse) > now
        ? `free for somebody else from ${timeOf(reuse)} (in ${durationOf(Date.parse(reuse) - now)})`
        : `free for somebody else since ${timeOf(reuse)}`,
  ].join('; ')
}
