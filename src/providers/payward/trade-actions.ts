// What people at Payward, banks and markets do to quotes, top-ups, conversions and transfers.
import { z } from 'zod'
import { type Action, ActionRefused } from '../../provider.ts'
import { atomsOf } from '../../text/decimals.ts'
import type { World } from '../../world/world.ts'
import {
  AccountTransfers,
  process,
  type TransferRow,
  type TransferStatus,
  transferShown,
  undo,
  Watched,
} from './account-transfers.ts'
import { partnerOf } from './accounts.ts'
import { DECIMALS, type Settings } from './catalogue.ts'
import { conversionShown } from './conversion-calls.ts'
import { ConversionRules } from './conversion-rules.ts'
import { Conversions, failConversion } from './conversions.ts'
import { credit } from './inbound-deposits.ts'
import { Inbounds } from './inbounds.ts'
import { type OnchainQuoteRow, OnchainQuotes, onchainShown, walletExecutes } from './onchain-quotes.ts'
import { end, quoteShown, type QuoteRow, Quotes, type QuoteStatus } from './quotes.ts'
import { topUpStep, TopUps } from './topups.ts'

const Sentence = z.string().min(1).max(1000)
const Quote = z.strictObject({ quote_id: z.string(), reason: Sentence.optional() })
const Transfer = z.strictObject({ transfer_id: z.string() })

export const tradeActions: Readonly<Record<string, Action>> = {
  // rule: payward.quotes.states
  'fail-quote': {
    says: 'A quote that is being executed cannot be: its money comes back.',
    fields: Quote,
    run: ({ quote_id, reason }, world: World) =>
      quoteShown(end(quote(quote_id, 'executing', world), 'failed', reason ?? 'execution failed', world), world),
  },

  'expire-quote': {
    says: 'The market has moved too far for a quote that is on offer: it expires at once.',
    fields: Quote,
    run: ({ quote_id, reason }, world: World) =>
      quoteShown(end(quote(quote_id, 'offered', world), 'expired', reason ?? 'expired', world), world),
  },

  // rule: payward.onchain.states
  'wallet-executes-quote': {
    says: "The user's wallet has sent the transaction of an on-chain quote: it is executed after some blocks, or reverted in the first one.",
    fields: z.strictObject({ quote_id: z.string(), outcome: z.enum(['confirmed', 'reverted']).default('confirmed') }),
    run: ({ quote_id, outcome }, world: World) => {
      const row = walletExecutes(offered(quote_id, world), outcome === 'reverted', world)
      return { ...onchainShown(row, world), txid: row.txid }
    },
  },

  // rule: payward.topups.bank-credit
  'bank-credit': {
    says: 'A bank has credited money at an inbound endpoint for fiat: so much, or what its top-up expects.',
    fields: z.strictObject({ inbound_id: z.string(), amount: z.string().optional() }),
    run: ({ inbound_id, amount }, world: World) => {
      const inbound = world.get(Inbounds, inbound_id)
      if (!inbound) throw new ActionRefused(`there is no inbound endpoint ${inbound_id}`, 'inbound_id')
      if (inbound.address !== null)
        throw new ActionRefused(`${inbound_id} is an address: send a deposit to it`, 'inbound_id')
      const topUp = world.get(TopUps, inbound.owner)
      const { symbol, type, atoms } = topUp?.sum ?? world.get(ConversionRules, inbound.owner)!.given
      const sent = amount === undefined ? BigInt(atoms) : atomsOf(amount, DECIMALS)
      if (!sent) throw new ActionRefused('expected an amount above 0, such as "12.5"', 'amount')
      const sum = { symbol, type, atoms: sent.toString() }
      if (topUp) topUpStep(topUp.id, 'received', { ...sum, transfer: 'bank' }, world)
      return { inbound_id, result: credit(inbound, sum, { deposit: undefined, txid: null }, world) }
    },
  },

  // rule: payward.conversions.states
  'fail-conversion': {
    says: 'The market does not take a conversion that is under way: its money stays in the balance.',
    fields: z.strictObject({ conversion_id: z.string() }),
    run: ({ conversion_id }, world: World) => {
      const row = world.get(Conversions, conversion_id)
      if (!row) throw new ActionRefused(`there is no conversion ${conversion_id}`, 'conversion_id')
      if (row.status !== 'pending_deposit' && row.status !== 'converting')
        throw new ActionRefused(`conversion ${conversion_id} is ${row.status}`, 'conversion_id')
      return conversionShown(failConversion(row, world), world)
    },
  },

  // rule: payward.transfers.statuses
  'hold-transfer': {
    says: 'Payward wants to look at the next transfer of an account: it stays pending.',
    fields: z.strictObject({ account: z.string().optional() }),
    run: ({ account }, world: World) => {
      const named = account ?? Object.values(world.settings<Settings>('payward').accounts).flatMap(({ ids }) => ids)[0]
      if (named === undefined || partnerOf(named, world) === undefined)
        throw new ActionRefused(`there is no account "${named}"`, 'account')
      return world.put(Watched, { account: named, since: world.now })
    },
  },

  'process-transfer': {
    says: 'Payward lets a pending transfer go: it can no longer be cancelled, and is completed a minute later.',
    fields: Transfer,
    run: ({ transfer_id }, world: World) =>
      transferShown(process(transfer(transfer_id, ['pending'], world), world), world),
  },

  'fail-transfer': {
    says: 'Payward does not let a transfer go: its money comes back.',
    fields: Transfer.extend({ reason: Sentence.optional() }),
    run: ({ transfer_id, reason }, world: World) => {
      const row = transfer(transfer_id, ['pending', 'processing'], world)
      return transferShown(undo(row, 'failed', reason ?? 'declined after review', world), world)
    },
  },
}

function quote(id: string, status: QuoteStatus, world: World): QuoteRow {
  const row = world.get(Quotes, id)
  if (!row) throw new ActionRefused(`there is no quote ${id}`, 'quote_id')
  if (row.status !== status) throw new ActionRefused(`quote ${id} is ${row.status}, not ${status}`, 'quote_id')
  return row
}

function offered(id: string, world: World): OnchainQuoteRow {
  const row = world.get(OnchainQuotes, id)
  if (!row) throw new ActionRefused(`there is no on-chain quote ${id}`, 'quote_id')
  if (row.status !== 'offered')
    throw new ActionRefused(`on-chain quote ${id} is ${row.status}, not offered`, 'quote_id')
  return row
}

function transfer(id: string, statuses: readonly TransferStatus[], world: World): TransferRow {
  const row = world.get(AccountTransfers, id)
  if (!row) throw new ActionRefused(`there is no transfer ${id}`, 'transfer_id')
  if (!statuses.includes(row.status))
    throw new ActionRefused(`transfer ${id} is ${row.status}, not ${statuses.join(' or ')}`, 'transfer_id')
  return row
}
