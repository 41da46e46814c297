// The view "Money": addresses and their windows, deposits, withdrawals, balances, movements, and what people do on the providers' own pages.
import type { ComponentChildren, ComponentType } from 'preact'
import { Sections } from '../lists/sections.tsx'
import { Split } from '../ui/split.tsx'
import { ActionPanel, Actions } from '../money/actions.tsx'
import { AddressPanel } from '../money/address-panel.tsx'
import { Addresses } from '../money/addresses.tsx'
import { Balances } from '../money/balances.tsx'
import { DepositPanel } from '../money/deposit-panel.tsx'
import { Deposits } from '../money/deposits.tsx'
import { Movements } from '../money/movements.tsx'
import { WithdrawalPanel } from '../money/withdrawal-panel.tsx'
import { Withdrawals } from '../money/withdrawals.tsx'
import type { ViewOf } from './view.ts'

const SECTIONS = [
  ['addresses', 'Addresses', Addresses],
  ['deposits', 'Deposits', Deposits],
  ['withdrawals', 'Withdrawals', Withdrawals],
  ['balances', 'Balances', Balances],
  ['movements', 'Movements', Movements],
  ['actions', 'Actions', Actions],
] as const satisfies readonly (readonly [string, string, ComponentType<ViewOf>])[]

export function Money({ world, query }: ViewOf) {
  const shown = shownIn(query)
  const [, title, Section] = SECTIONS.find(([name]) => name === shown) ?? SECTIONS[0]
  return (
    <Split
      title={`${title} of ${world}`}
      list={
        <>
          <Sections label="Parts of Money" view="money" sections={SECTIONS} shown={shown} />
          <Section key={shown} world={world} query={query} />
        </>
      }
      panel={panelOf(shown, world, query)}
    />
  )
}

/** The section that a URL says, or that has the row which it opens. */
function shownIn({ show, deposit, withdrawal, action }: ViewOf['query']): string {
  if (show !== undefined && SECTIONS.some(([name]) => name === show)) return show
  if (deposit !== undefined) return 'deposits'
  if (withdrawal !== undefined) return 'withdrawals'
  return action !== undefined ? 'actions' : 'addresses'
}

function panelOf(shown: string, world: string, query: ViewOf['query']): ComponentChildren {
  const { address, tag, send, deposit, withdrawal, action } = query
  if (shown === 'addresses' && address !== undefined)
    return <AddressPanel world={world} address={address} tag={tag} sending={send !== undefined} />
  if (shown === 'deposits' && deposit !== undefined) return <DepositPanel world={world} id={deposit} />
  if (shown === 'withdrawals' && withdrawal !== undefined) return <WithdrawalPanel world={world} id={withdrawal} />
  if (shown === 'actions' && action !== undefined) return <ActionPanel world={world} name={action} />
  return undefined
}
