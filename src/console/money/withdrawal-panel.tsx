// A withdrawal with everything that is known of it, and the form that decides what becomes of it.
import { useState } from 'preact/hooks'
import { api } from '../api/client.ts'
import type { Withdrawal } from '../api/shapes.ts'
import { useAction } from '../api/use.ts'
import { NoRow } from '../lists/missing.tsx'
import { useRow } from '../lists/rows.ts'
import { Pairs } from '../lists/sections.tsx'
import { Panel } from '../ui/split.tsx'
import { Steps } from '../lists/steps.tsx'
import { Field, Form } from '../ui/form.tsx'
import { EntryLink, Link } from '../ui/link.tsx'
import { Time } from '../ui/time.tsx'
import { given } from './given.ts'
import { isUnderWay, withdrawalSteps } from './steps.ts'

interface Props {
  readonly world: string
  readonly id: string
}

export function WithdrawalPanel({ world, id }: Props) {
  const { row, ...read } = useRow<Withdrawal>(world, '/withdrawals', id)
  return (
    <Panel title={`Withdrawal ${id}`} closes={['withdrawal']}>
      {row ? (
        <>
          <Known row={row} />
          {isUnderWay(row) && <Settle key={id} world={world} id={id} settled={read.again} />}
        </>
      ) : (
        <NoRow what={`withdrawal ${id}`} {...read} />
      )}
    </Panel>
  )
}

function Known({ row }: { readonly row: Withdrawal }) {
  const { amount, currency, network, address, tag, from, provider, account, reference, txid, made_by: by } = row
  const at = (iso: string | null) => iso !== null && <Time iso={iso} />
  return (
    <>
      <p class="called">
        <strong>
          {amount} {currency}
        </strong>{' '}
        on {network}
      </p>
      <Steps label={`Steps of ${row.id}`} steps={withdrawalSteps(row)} />
      <Pairs
        pairs={[
          ['to', <code>{address}</code>],
          ['tag', tag !== null && <code>{tag}</code>],
          ['from', <code>{from}</code>],
          ['fee', `${row.fee} ${row.fee_currency}`],
          ['for', `${provider}, account ${account}`],
          ['reference', <code>{reference}</code>],
          ['transaction', txid !== null && <code>{txid}</code>],
          ['block', row.block !== null && String(row.block)],
          ['confirmations', String(row.confirmations)],
          ['outcome', row.outcome],
          ['reason', row.reason],
          ['requested', at(row.requested_at)],
          ['broadcast', at(row.broadcast_at)],
          ['confirmed', at(row.confirmed_at)],
          [
            'arrived as',
            row.deposit !== null && (
              <Link view="money" query={{ show: 'deposits', deposit: row.deposit }}>
                deposit {row.deposit}
              </Link>
            ),
          ],
          ['made by', by !== undefined && <EntryLink id={by} />],
        ]}
      />
      <p>
        <Link view="money" query={{ show: 'movements', provider, account, currency }}>
          Movements of {currency} of this account
        </Link>
      </p>
    </>
  )
}

function Settle({ world, id, settled }: Props & { readonly settled: () => void }) {
  const [outcome, setOutcome] = useState('confirmed')
  const [reason, setReason] = useState('')
  const { run, busy, problem } = useAction(() =>
    api<Withdrawal>(world, `/withdrawals/${encodeURIComponent(id)}/settle`, {
      method: 'POST',
      body: { outcome, ...given({ reason }) },
    }),
  )
  const submit = async () => {
    if (await run()) settled()
  }
  return (
    <section aria-labelledby="settle-title">
      <h3 id="settle-title">Settle it at once</h3>
      <Form does="Settle it" busy={busy} problem={problem} fields={['outcome', 'reason']} submit={() => void submit()}>
        <div class="fields">
          <Field
            label="Outcome"
            name="outcome"
            value={outcome}
            change={setOutcome}
            problem={problem}
            choices={['confirmed', 'failed', 'declined']}
          />
          <Field
            label="Reason"
            name="reason"
            value={reason}
            change={setReason}
            problem={problem}
            hint="What a node or the provider says. May be left empty."
          />
        </div>
      </Form>
    </section>
  )
}
