// AlphaPo, merchant API version 2: bodies signed with HMAC-SHA512, a new deposit address for every call, no idempotency.
import { type Provider, Refusal } from '../../provider.ts'
import { Addresses, fieldsValid, takeAddress } from './addresses.ts'
import { BELOW_MINIMUM, callbacks, CROSS_CURRENCY } from './callbacks.ts'
import { DEMO, Settings } from './catalogue.ts'
import { listCurrencies } from './currencies.ts'
import { fieldsLegal } from './fields.ts'
import { formerPaths } from './former.ts'
import { gates, identity } from './gates.ts'
import { ledger } from './ledger.ts'
import { CANCELLED_MONEY, getTransactionInfo, lookupValid, Transactions } from './transactions.ts'
import { traffic } from './traffic.ts'
import { deposits } from './transfers.ts'
import { sign, signing } from './signing.ts'
import { refusals, stringify } from './wire.ts'

export const provider: Provider = {
  name: 'alphapo',
  title: 'AlphaPo',
  keyHeader: 'x-processing-key',
  settings: Settings,
  demo: DEMO,
  tables: [Addresses, Transactions],
  handsOut: [Addresses],
  // rule: alphapo.take.repeat, rule: alphapo.take.end-user-reference, rule: alphapo.take.tag-type
  switches: {
    'alphapo.take.repeat': ['new-address', 'same-address'],
    'alphapo.take.end-user-reference': ['required', 'optional'],
    'alphapo.take.tag-type': ['text', 'number'],
    [BELOW_MINIMUM]: ['not-confirmed-first', 'cancelled-twice', 'cancelled-once', 'silent'],
    [CROSS_CURRENCY]: ['told', 'silent'],
    [CANCELLED_MONEY]: ['left-out', 'included'],
  },
  // rule: alphapo.content.media-type
  readsJson: (mediaType) => mediaType !== undefined && /[/+]json$/.test(mediaType),
  gates: [...gates, fieldsLegal],
  credentials: (world) =>
    [...world.settings<Settings>('alphapo').keys.values()].map(({ merchant: account, id: key, secret }) => ({
      account,
      key,
      secret,
    })),
  identity,
  operations: {
    // rule: alphapo.ping
    ping: {
      gates: [],
      run: () => ({ status: 200, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: 'OK' }),
    },
    takeAddress: { gates: [...gates, fieldsValid], run: takeAddress },
    listCurrencies: { run: listCurrencies },
    getTransactionInfo: { gates: [...gates, lookupValid], run: getTransactionInfo },
  },
  refusals,
  notFound: {
    gates: [],
    answer: (call) => {
      if (call.allowed.length > 0)
        throw new Refusal('method_not_allowed', { headers: { allow: call.allowed.join(', ') } })
      throw new Refusal(
        'not_found',
        {},
        'unknown URL, and this is how AlphaPo answers one; its paths begin with /api/v2',
      )
    },
  },
  stringify,
  formerPaths,
  signing,
  sign,
  firstCall: {
    method: 'POST',
    path: '/api/v2/addresses/take',
    body: '{"currency":"BTC","foreign_id":"user_1","end_user_reference":"user_1"}',
  },
  deposits,
  ledger,
  callbacks,
  traffic,
}
