// Zopay Connect: bearer keys, a required Idempotency-Key, one address per user, asset and network, and payment intents.
import { type Provider, Refusal } from '../../provider.ts'
import { createAddress, getAddress, listAddresses } from './addresses.ts'
import { DEMO, SCOPE_OF, Settings } from './catalogue.ts'
import { write } from './exact.ts'
import { gates } from './gates.ts'
import { byIdempotencyKey, IN_FLIGHT } from './idempotency.ts'
import { createPaymentIntent, getPaymentIntent, listPaymentIntents } from './intents.ts'
import { refusals } from './wire.ts'

/** Paths that exist but for the slash at their end. */
const WITH_SLASH = [
  /^\/connect\/v1\/(addresses|payment-intents|transactions|balances|payouts|events)(\/[^/]+)?\/$/,
  /^\/connect\/v1\/(webhook-deliveries|events\/[^/]+\/replay|test\/payment-intents\/[^/]+\/simulate-deposit)\/$/,
]

export const provider: Provider = {
  name: 'zopay',
  title: 'Zopay',
  keyHeader: 'authorization',
  settings: Settings,
  demo: DEMO,
  // rule: zopay.idempotency.in-flight
  switches: { [IN_FLIGHT]: ['wait', 'conflict'] },
  // rule: zopay.validation.content-type
  readsJson: (mediaType) => mediaType !== undefined && /^application\/(json|[\w.-]+\+json)$/.test(mediaType),
  gates,
  operations: {
    createAddress: { run: createAddress, needs: SCOPE_OF.createAddress!, repeats: byIdempotencyKey },
    listAddresses: { run: listAddresses, needs: SCOPE_OF.listAddresses! },
    getAddress: { run: getAddress, needs: SCOPE_OF.getAddress! },
    createPaymentIntent: { run: createPaymentIntent, needs: SCOPE_OF.createPaymentIntent!, repeats: byIdempotencyKey },
    listPaymentIntents: { run: listPaymentIntents, needs: SCOPE_OF.listPaymentIntents! },
    getPaymentIntent: { run: getPaymentIntent, needs: SCOPE_OF.getPaymentIntent! },
  },
  refusals,
  stringify: write,
  elsewhere: {
    gates: [],
    // rule: zopay.elsewhere.unknown
    answer: (call) => {
      if (WITH_SLASH.some((pattern) => pattern.test(call.path))) throw new Refusal('slashless')
      if (call.allowed.length > 0) throw new Refusal('method_not_allowed', { headers: { allow: call.allowed.join(', ') } })
      throw new Refusal('not_found')
    },
  },
}
