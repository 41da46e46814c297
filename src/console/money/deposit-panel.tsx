// A deposit with everything that is known of it.
import type { Deposit } from '../api/shapes.ts'
import { NoRow } from '../lists/missing.tsx'
import { useRow } from '../lists/rows.ts'
import { Pairs } from '../lists/sections.tsx'
import { Panel } from '../ui/split.tsx'
import { Steps } from '../lists/steps.tsx'
import { EntryLink, Link } from '../ui/link.tsx'
import { Time } from '../ui/time.tsx'
import { depositSteps } from './steps.ts'

export function DepositPanel({ world, id }: { readonly world: string; readonly id: string }) {
  const { row, ...read } = useRow<Deposit>(world, '/deposits', id)
  return (
    <Panel title={`Deposit ${id}`} closes={['deposit']}>
      {row ? <Body row={row} /> : <NoRow what={`deposit ${id}`} {...read} />}
    </Panel>
  )
}

function Body({ row }: { readonly row: Deposit }) {
  const { txid, output, provider, account, reference, address, tag, from, amount, currency, network, made_by: by } = row
  const at = (iso: string | null) => iso !== null && <Time iso={iso} />
  return (
    <>
      <p class="called">
        <strong>
          {amount} {currency}
        </strong>{' '}
        on {network}
      </p>
      <Steps label={`Steps of ${row.id}`} steps={depositSteps(row)} />
      <Pairs
        pairs={[
          [
            'to',
            <Link view="money" query={{ show: 'addresses', address, tag: tag ?? undefined }}>
              <code>{address}</code>
            </Link>,
          ],
          ['tag', tag !== null && <code>{tag}</code>],
          ['from', <code>{from}</code>],
          ['for', account === null ? `${provider}, nobody's account yet` : `${provider}, account ${account}`],
          ['reference', reference !== null && <code>{reference}</code>],
          ['transaction', <code>{txid}</code>],
          ['output', String(output)],
          ['block', row.block !== null && String(row.block)],
          [
            'confirmations',
            `${row.confirmations}${row.required === undefined ? '' : ` of ${row.required} that it needs`}`,
          ],
          ['outcome', row.outcome],
          ['sent', at(row.sent_at)],
          ['seen', at(row.seen_at)],
          ['confirmed', at(row.confirmed_at)],
          ['made by', by !== undefined && <EntryLink id={by} />],
        ]}
      />
      <p>
        <Link view="money" query={{ show: 'addresses', address, tag: tag ?? undefined, send: 'yes' }}>
          Send another one to this address
        </Link>
      </p>
    </>
  )
}
