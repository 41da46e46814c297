// Balances of accounts, and the dialog that gives money to one by hand, or takes it.
import { useState } from 'preact/hooks'
import { api } from '../api/client.ts'
import type { Balance, Movement } from '../api/shapes.ts'
import { useAction } from '../api/use.ts'
import { type FilterField, filtersIn } from '../lists/filters.tsx'
import { List } from '../lists/list.tsx'
import { ControlLine } from '../lists/pasteable.tsx'
import { useProviders } from '../lists/providers.ts'
import { backOf, useRows } from '../lists/rows.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Empty } from '../ui/empty.tsx'
import { Field, Form } from '../ui/form.tsx'
import { Link } from '../ui/link.tsx'
import type { Column } from '../ui/table.tsx'
import type { ViewOf } from '../views/view.ts'
import { given } from './given.ts'

/** Which balance is adjusted; empty: whatever is typed. */
type Whose = Partial<Pick<Balance, 'provider' | 'account' | 'holder' | 'currency' | 'network'>>

export function Balances({ world, query }: ViewOf) {
  const { names } = useProviders(world)
  const [adjusting, setAdjusting] = useState<Whose>()
  const fields: FilterField[] = [
    { name: 'provider', label: 'Provider', choices: names },
    { name: 'account', label: 'Account' },
    { name: 'holder', label: 'Holder' },
    { name: 'currency', label: 'Currency', size: 6 },
    { name: 'network', label: 'Network', size: 8 },
  ]
  const read = useRows<Balance>(world, '/balances', filtersIn(fields, query), backOf(query))
  const adjust = (whose: Whose) => (
    <button type="button" class="small" onClick={() => setAdjusting(whose)}>
      Adjust…
    </button>
  )
  const columns: Column<Balance>[] = [
    { head: 'Provider', cell: ({ provider }) => provider },
    { head: 'Account', cell: ({ account }) => account },
    { head: 'Holder', cell: ({ holder }) => holder },
    { head: 'Currency', cell: ({ currency, network }) => (network === null ? currency : `${currency} on ${network}`) },
    { head: 'Balance', class: 'number', cell: ({ balance }) => balance },
    { head: 'Held', class: 'number', cell: ({ held }) => held },
    { head: 'Available', class: 'number', cell: ({ available }) => available },
    {
      head: 'How it came',
      cell: ({ provider, account, holder, currency, network }) => (
        <Link
          class="row-link"
          view="money"
          query={{
            show: 'movements',
            provider,
            account,
            holder: holder ?? undefined,
            currency,
            network: network ?? undefined,
          }}
        >
          movements
        </Link>
      ),
    },
    { head: 'By hand', cell: adjust },
  ]
  return (
    <>
      <List
        label="Balances"
        what="balances"
        query={query}
        fields={fields}
        read={read}
        columns={columns}
        keyOf={({ provider, account, holder, currency, network }) =>
          JSON.stringify([provider, account, holder, currency, network])
        }
        tools={adjust({ provider: query.provider ?? names[0] ?? '' })}
        empty={
          <Empty title="No account of this world has money yet.">
            <p>
              A deposit that is credited makes a balance; so does money that is given by hand, with Adjust or with this:
            </p>
            <ControlLine
              world={world}
              method="POST"
              path="/balances"
              body={{ provider: names[0], currency: 'BTC', amount: '0.5' }}
              label="Money by hand"
            />
          </Empty>
        }
      />
      {adjusting && (
        <Adjust
          world={world}
          names={names}
          whose={adjusting}
          close={() => setAdjusting(undefined)}
          done={() => {
            setAdjusting(undefined)
            read.again()
          }}
        />
      )}
    </>
  )
}

interface AdjustProps {
  readonly world: string
  readonly names: readonly string[]
  readonly whose: Whose
  readonly close: () => void
  readonly done: () => void
}

function Adjust({ world, names, whose, close, done }: AdjustProps) {
  const [fields, setFields] = useState({
    provider: whose.provider ?? '',
    account: whose.account ?? '',
    holder: whose.holder ?? '',
    currency: whose.currency ?? '',
    network: whose.network ?? '',
    amount: '',
    reason: '',
  })
  const { run, busy, problem } = useAction(() =>
    api<Movement>(world, '/balances', { method: 'POST', body: given(fields) }),
  )
  const submit = async () => {
    if (await run()) done()
  }
  const of = (name: keyof typeof fields) => ({
    name,
    problem,
    value: fields[name],
    change: (value: string) => setFields({ ...fields, [name]: value }),
  })
  return (
    <Dialog title="Adjust a balance" close={close}>
      <Form does="Adjust it" busy={busy} problem={problem} fields={Object.keys(fields)} submit={() => void submit()}>
        <Field
          {...of('amount')}
          label="Amount"
          placeholder="100.5"
          required
          hint="What is given; with a minus it is taken: -3."
        />
        <div class="fields">
          <Field {...of('provider')} label="Provider" choices={names} />
          <Field {...of('account')} label="Account" hint="Empty: the first one." />
          <Field {...of('currency')} label="Currency" placeholder="USDT" required hint="The code of the provider." />
          <Field {...of('network')} label="Network" hint="Where the provider keeps balances per network." />
          <Field {...of('holder')} label="Holder" hint="The user, where the provider keeps balances per user." />
          <Field {...of('reason')} label="Reason" hint="Shown with the movement." />
        </div>
      </Form>
    </Dialog>
  )
}
