// An address: to whom it was handed out and until when, what was sent to it, and a form that sends some more.
import { queryOf } from '../api/client.ts'
import type { Deposit, HandOut, Page } from '../api/shapes.ts'
import { useReadLive } from '../api/use.ts'
import { useRows } from '../lists/rows.ts'
import { Pairs } from '../lists/sections.tsx'
import { Panel } from '../ui/split.tsx'
import { Steps } from '../lists/steps.tsx'
import { CopyButton } from '../ui/copy.tsx'
import { ProblemNote, Reading } from '../ui/empty.tsx'
import { EntryLink, Link } from '../ui/link.tsx'
import { Time } from '../ui/time.tsx'
import { Send } from './send.tsx'
import { depositSteps } from './steps.ts'
import { Strip, Windows } from './strip.tsx'

interface Props {
  readonly world: string
  readonly address: string
  readonly tag: string | undefined
  /** The form is open. */
  readonly sending: boolean
}

export function AddressPanel({ world, address, tag, sending }: Props) {
  const { value, problem, again } = useReadLive<Page<HandOut>>(world, `/addresses${queryOf({ address, limit: 1000 })}`)
  const rows = [...(value?.data ?? [])].reverse().filter((row) => tag === undefined || row.tag === tag)
  return (
    <Panel title="Address" closes={['address', 'tag', 'send']}>
      <p class="called">
        <code>{address}</code> <CopyButton text={address} />
      </p>
      <ProblemNote problem={problem} again={again} />
      {!value && !problem && <Reading what="the address" />}
      {value && rows.length === 0 && (
        <p class="note">
          It was not handed out in this world{tag === undefined ? '' : ` with the tag ${tag}`}. Money that is sent to it
          reaches nobody here.
        </p>
      )}
      {rows.length > 1 && <p>It was handed out {rows.length} times, the last time first:</p>}
      {rows.map((row) => (
        <HandedOut key={row.id} row={row} />
      ))}
      <Send key={`${address} ${tag}`} world={world} address={address} tag={tag} rows={rows} open={sending} />
      <Arrived world={world} address={address} tag={tag} />
    </Panel>
  )
}

function HandedOut({ row }: { readonly row: HandOut }) {
  const { provider, account, user, network, currency, tag, reference, at, made_by: by } = row
  return (
    <section aria-label={`Handed out ${at}`}>
      <Strip row={row} />
      <Pairs
        pairs={[
          ['windows', <Windows row={row} />],
          ['tag', tag !== null && <code>{tag}</code>],
          ['currency', `${currency} on ${network}`],
          ['for', `${provider}, account ${account}${user === null ? '' : `, user ${user}`}`],
          ['reference', <code>{reference}</code>],
          [
            'handed out',
            <>
              <Time iso={at} /> {by !== undefined && <EntryLink id={by} />}
            </>,
          ],
        ]}
      />
    </section>
  )
}

/** The money that was sent to it, the last first. */
function Arrived({ world, address, tag }: Pick<Props, 'world' | 'address' | 'tag'>) {
  const { rows, problem, again } = useRows<Deposit>(world, '/deposits', { address })
  const shown = rows?.filter((row) => tag === undefined || row.tag === tag)
  return (
    <section aria-labelledby="arrived-title">
      <h3 id="arrived-title">What was sent to it</h3>
      <ProblemNote problem={problem} again={again} />
      {shown?.length === 0 && <p class="muted">Nothing yet.</p>}
      <ul class="plain-list">
        {shown?.map((deposit) => (
          <li key={deposit.id}>
            <Link view="money" query={{ show: 'deposits', deposit: deposit.id }}>
              {deposit.id}
            </Link>{' '}
            {deposit.amount} {deposit.currency} <Steps label={`Steps of ${deposit.id}`} steps={depositSteps(deposit)} />
          </li>
        ))}
      </ul>
    </section>
  )
}
