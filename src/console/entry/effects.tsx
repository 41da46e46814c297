// From cause to effect: what an entry brought into the world, with links that lead on to it.
import type { Deposit, Entry, Made, Page } from '../api/shapes.ts'
import { queryOf } from '../api/client.ts'
import { useReadLive } from '../api/use.ts'
import { Chip } from '../ui/chip.tsx'
import { Link } from '../ui/link.tsx'

export function Effects({ world, entry }: { readonly world: string; readonly entry: Entry }) {
  const { made, delivery } = entry
  if (made === undefined && delivery === undefined) return null
  const { addresses = [], deposits = [], withdrawals = [], deliveries = [] } = made ?? {}
  return (
    <section aria-labelledby="effects-title">
      <h3 id="effects-title">{made === undefined ? 'What it belongs to' : 'What came of it'}</h3>
      <ul class="effects">
        {addresses.map((address) => (
          <Address key={address.id} world={world} address={address} />
        ))}
        {deposits.map((id) => (
          <li key={id}>
            <Link view="money" query={{ deposit: id }}>
              deposit {id}
            </Link>
          </li>
        ))}
        {withdrawals.map((id) => (
          <li key={id}>
            <Link view="money" query={{ withdrawal: id }}>
              withdrawal {id}
            </Link>
          </li>
        ))}
        {[...new Set([...deliveries, ...(delivery === undefined ? [] : [delivery])])].map((id) => (
          <li key={id}>
            <Link view="callbacks" query={{ delivery: id }}>
              callback {id}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}

interface AddressProps {
  readonly world: string
  readonly address: NonNullable<Made['addresses']>[number]
}

/** An address that was handed out, and the money that was sent to it. */
function Address({ world, address: { address, currency, network, tag } }: AddressProps) {
  const { value } = useReadLive<Page<Deposit>>(world, `/deposits${queryOf({ address })}`)
  const deposits = (value?.data ?? []).filter((deposit) => tag === null || deposit.tag === tag)
  return (
    <li>
      <Link view="money" query={{ address }}>
        address <code>{address}</code>
      </Link>
      {tag !== null && (
        <>
          {' '}
          tag <code>{tag}</code>
        </>
      )}{' '}
      <span class="muted">
        {currency} on {network}
      </span>
      {deposits.length > 0 && (
        <ul>
          {deposits.map(({ id, amount, currency, status, made_by: by }) => (
            <li key={id}>
              <Link view="money" query={{ deposit: id }}>
                deposit {id}
              </Link>{' '}
              {amount} {currency} <Chip tone={status === 'confirmed' ? 'good' : 'info'}>{status}</Chip>{' '}
              {by !== undefined && (
                <Link view="timeline" query={{ entry: by }}>
                  entry {by}
                </Link>
              )}
            </li>
          ))}
        </ul>
      )}
      {value && deposits.length === 0 && (
        <p class="muted">
          No money was sent to it yet.{' '}
          <Link view="money" query={{ address, send: 'yes' }}>
            Send some
          </Link>
        </p>
      )}
    </li>
  )
}
