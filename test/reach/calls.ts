// Signed calls that hand out addresses, of all four providers: what is wished, under which idempotency key, and what its answer promises.
import * as alphapo from '../clients/alphapo.ts'
import * as cpg from '../clients/cpg.ts'
import * as payward from '../clients/payward.ts'
import * as zopay from '../clients/zopay.ts'
import type { Request } from '../kit.ts'

export const PROVIDERS = ['zopay', 'cpg', 'payward', 'alphapo'] as const
export type ProviderName = (typeof PROVIDERS)[number]

/** Where money can be sent to. */
export interface Place {
  readonly address: string
  readonly tag: string | null
}

export interface Wish {
  readonly provider: ProviderName
  /** Sent again, it is the same wish; undefined: each time is another one. */
  readonly key: string | undefined
  /** Unsigned, with the provider's own path. */
  readonly request: Request
  /** For whom: whoever asks again for the same gets the same address. Undefined: the address is nobody else's. */
  readonly holder: string | undefined
  /** The addresses of an answer. */
  readonly places: (json: any) => Place[]
}

const USERS = 12

/** A wish out of those that there are; `serial` is in no other one's key. */
export function wishOf(random: () => number, serial: number): Wish {
  const user = `user-${Math.floor(random() * USERS)}`
  const key = `key-${serial}`
  switch (Math.floor(random() * 7)) {
    case 0:
      return {
        provider: 'zopay',
        key,
        request: zopay.post('/addresses', { asset: 'USDT', network: 'solana', external_ref: user }, key),
        holder: user,
        places: placeOf,
      }
    case 1:
      return {
        provider: 'zopay',
        key,
        request: zopay.post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }, key),
        holder: undefined,
        places: ({ addresses }) => addresses.flatMap(placeOf),
      }
    case 2:
      return {
        provider: 'cpg',
        key,
        request: cpg.allocation({ user_identifier: user, metadata: `wish ${serial}`, idempotency_key: key }),
        holder: user,
        places: ({ data }) => placeOf(data),
      }
    case 3:
    case 4:
      return {
        provider: 'cpg',
        key,
        request: cpg.allocation({ metadata: `wish ${serial}`, idempotency_key: key }),
        holder: undefined,
        places: ({ data }) => placeOf(data),
      }
    case 5: {
      const [asset_symbol, method_id] = random() < 0.5 ? ['XRP', payward.METHODS.XRP] : ['BTC', payward.METHODS.BTC]
      return {
        provider: 'payward',
        key,
        // A UUID, as its documents want.
        request: {
          ...payward.creation({ asset_symbol, method_id }),
          headers: { 'idempotency-key': `00000000-0000-4000-8000-${String(serial).padStart(12, '0')}` },
        },
        holder: undefined,
        places: ({ data }) => placeOf(data),
      }
    }
    default:
      return {
        provider: 'alphapo',
        key: undefined,
        request: alphapo.taking({ currency: random() < 0.5 ? 'XRP' : 'BTC', foreign_id: `wish-${serial}` }),
        holder: undefined,
        places: ({ data }) => placeOf(data),
      }
  }
}

function placeOf({ address, tag }: { address: string; tag?: string | null }): Place[] {
  return [{ address, tag: tag ?? null }]
}

/** Where CPG's timestamps begin, behind the wall: it takes those of five minutes. */
const BEHIND_MS = 240_000

/** Signs as each provider documents. What is sent once more is signed anew, because a signature counts once. */
export class Signer {
  readonly #sent = new Map<string, number>()
  readonly #payward = payward.KEYS.window
  #nonces = 0n

  /** The call as it goes to a world; `wallMs` is the receiving side's clock. */
  sign(provider: ProviderName, request: Request, world: string, wallMs: number): Request {
    const signed = this.#signed(provider, request, world, wallMs)
    return { ...signed, path: `/w/${world}/${provider}${signed.path}` }
  }

  #signed(provider: ProviderName, request: Request, world: string, wallMs: number): Request {
    if (provider === 'zopay') return zopay.client.sign(request, wallMs)
    if (provider === 'alphapo') return alphapo.client.sign(request, wallMs)
    if (provider === 'payward')
      return payward.signed(this.#payward, request, String(BigInt(wallMs) * 1_000_000n + this.#nonces++))
    const same = `${world} ${request.path} ${request.body}`
    const times = this.#sent.get(same) ?? 0
    this.#sent.set(same, times + 1)
    return cpg.client.sign(request, wallMs - BEHIND_MS + 1000 * (times % 400))
  }
}
