// A delivery: when its next attempt is due, the exact body, how to verify it, and every attempt. It can be sent again, and the clock moved to the next attempt.
import { advance } from '../bar/clock.tsx'
import { api, queryOf } from '../api/client.ts'
import type { Delivery, Rule } from '../api/shapes.ts'
import { useAction, useRead } from '../api/use.ts'
import { NoRow } from '../lists/missing.tsx'
import { useRow } from '../lists/rows.ts'
import { Pairs } from '../lists/sections.tsx'
import { Panel } from '../ui/split.tsx'
import { Code } from '../ui/code.tsx'
import { ProblemNote } from '../ui/empty.tsx'
import { EntryLink, Link } from '../ui/link.tsx'
import { Time } from '../ui/time.tsx'
import { Attempts } from './attempts.tsx'
import { DeliveryStatus } from './deliveries.tsx'
import { Dots } from './dots.tsx'
import { Due } from './due.tsx'
import { attemptsSentence } from './outcomes.ts'
import { recipeOf } from './recipe.ts'

interface Props {
  readonly world: string
  readonly id: string
}

export function DeliveryPanel({ world, id }: Props) {
  const { row, ...read } = useRow<Delivery>(world, '/callbacks', id)
  return (
    <Panel title={`Callback ${id}`} closes={['delivery']}>
      {row ? (
        <>
          <Known row={row} />
          <Buttons key={id} world={world} row={row} done={read.again} />
          <section aria-labelledby="body-title">
            <h3 id="body-title">Exact body</h3>
            <Code text={row.body} label="Body of the callback" />
          </section>
          <Verifying world={world} row={row} />
          <Attempts world={world} row={row} />
        </>
      ) : (
        <NoRow what={`callback ${id}`} {...read} />
      )}
    </Panel>
  )
}

function Known({ row }: { readonly row: Delivery }) {
  const { event, object, provider, account, url, created_at: made, next_at: next, reason, made_by: by } = row
  return (
    <>
      <p class="called">
        <strong>{event}</strong> <DeliveryStatus row={row} />
      </p>
      <Pairs
        pairs={[
          ['about', object !== null && <code>{object}</code>],
          ['for', `${provider}, account ${account}`],
          ['to', url === null ? 'nowhere: its endpoint was removed' : <code>{url}</code>],
          [
            'made',
            <>
              <Time iso={made} /> {by !== undefined && <EntryLink id={by} />}
            </>,
          ],
          [
            'attempts',
            <>
              <Dots row={row} /> {attemptsSentence(row)}
            </>,
          ],
          [
            'next attempt',
            next != null && (
              <>
                <Time iso={next} /> (<Due at={next} />)
              </>
            ),
          ],
          ['dropped because', reason],
        ]}
      />
    </>
  )
}

function Buttons({
  world,
  row: { id, next_at: next },
  done,
}: {
  readonly world: string
  readonly row: Delivery
  readonly done: () => void
}) {
  const sending = useAction(async () => {
    const after = await api<Delivery>(world, `/callbacks/${encodeURIComponent(id)}/redeliver`, { method: 'POST' })
    done()
    return after
  })
  const moving = useAction(async (to: string) => {
    const moved = await advance(world, { to })
    done()
    return moved
  })
  const busy = sending.busy || moving.busy
  return (
    <>
      <p class="buttons">
        <button type="button" aria-disabled={busy} onClick={() => !busy && void sending.run()}>
          {sending.busy ? 'Sending…' : 'Redeliver'}
        </button>
        {next != null && (
          <button type="button" aria-disabled={busy} onClick={() => !busy && void moving.run(next)}>
            {moving.busy ? 'Advancing…' : 'Advance to this attempt'}
          </button>
        )}
      </p>
      <ProblemNote problem={sending.problem ?? moving.problem} />
    </>
  )
}

/** How the receiver verifies it, by the last attempt that was made. */
function Verifying({ world, row: { provider, attempts } }: { readonly world: string; readonly row: Delivery }) {
  const { value } = useRead<{ data: readonly Rule[] }>(world, `/rules${queryOf({ provider })}`)
  const last = attempts.findLast(({ headers }) => headers !== undefined)
  const recipe = last && recipeOf(last, value?.data ?? [])
  if (!recipe) return null
  const { header, rule, line } = recipe
  return (
    <section aria-labelledby="verify-title">
      <h3 id="verify-title">How to verify it</h3>
      <p>
        <code>{header}</code> has the signature.{' '}
        {rule && (
          <>
            {rule.says}{' '}
            <Link view="rules" query={{ provider, rule: rule.id }}>
              {rule.id}
            </Link>
          </>
        )}
      </p>
      {line !== undefined && (
        <>
          <p>
            This computes that of the last attempt, from the secret in <code>$CALLBACK_SECRET</code>; it has to be what
            your receiver got:
          </p>
          <Code plain text={line} label="A line that computes the signature" />
        </>
      )}
    </section>
  )
}
