// A delivery: when its next attempt is due, the exact body, how to verify it, and every attempt. It can be sent again, and the clock moved to the next attempt.
import { advance } from '../bar/clock.tsx'
import { api } from '../api/client.ts'
import type { Delivery } from '../api/shapes.ts'
import { useAction } from '../api/use.ts'
import { NoRow } from '../lists/missing.tsx'
import { useRow } from '../lists/rows.ts'
import { Pairs, Panel } from '../lists/sections.tsx'
import { Code } from '../ui/code.tsx'
import { ProblemNote } from '../ui/empty.tsx'
import { EntryLink } from '../ui/link.tsx'
import { Time } from '../ui/time.tsx'
import { Attempts } from './attempts.tsx'
import { DeliveryStatus } from './deliveries.tsx'
import { Dots } from './dots.tsx'
import { Due } from './due.tsx'
import { attemptsSentence } from './outcomes.ts'
import { RECIPES, signingLine } from './recipe.ts'

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
          <Verifying row={row} />
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

/** How the receiver verifies it. */
function Verifying({ row: { provider, attempts } }: { readonly row: Delivery }) {
  const recipe = RECIPES[provider]
  if (recipe === undefined) return null
  const text = attempts.findLast(({ signed_text: signed }) => signed !== undefined)?.signed_text
  return (
    <section aria-labelledby="verify-title">
      <h3 id="verify-title">How to verify it</h3>
      <p>
        <code>{recipe.header}</code> has the signature. {recipe.says}
      </p>
      {text !== undefined && (
        <>
          <p>
            This computes that of the last attempt, from the secret in <code>$CALLBACK_SECRET</code>; it has to be what
            your receiver got:
          </p>
          <Code plain text={signingLine(recipe, text)} label="A line that computes the signature" />
        </>
      )}
    </section>
  )
}
