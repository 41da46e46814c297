// What a careful receiver does with each provider's callbacks, written from its documents: whose they are, whether the signature is right and
// when it was made, and which deliveries are the same one.
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import type { Received } from './kit.ts'

export interface Receiver {
  /** Whether the signature is that of this secret over exactly these bytes. */
  signed(secret: string, received: Received): boolean
  /** The time that the signature names, seconds; undefined: the scheme knows none. */
  seconds(received: Received): number | undefined
  /** What stays the same however often one thing is told. */
  delivery(received: Received): string
}

export const RECEIVERS: Readonly<Record<string, Receiver>> = {
  cpg: {
    signed: (secret, received) =>
      header(received, 'x-cpg-signature') ===
      cpg.sign(secret, `${header(received, 'x-cpg-timestamp')}\n${received.text}`),
    seconds: (received) => Number(header(received, 'x-cpg-timestamp')),
    delivery: (received) => header(received, 'x-cpg-delivery'),
  },
  zopay: {
    signed: (secret, received) =>
      header(received, 'x-zopay-signature') ===
      zopay.webhookSignature(secret, secondsIn(received, 'x-zopay-signature'), received.text),
    seconds: (received) => secondsIn(received, 'x-zopay-signature'),
    delivery: (received) => header(received, 'x-zopay-event-id'),
  },
  payward: {
    signed: (secret, received) =>
      header(received, 'x-signature') ===
      payward.webhookSignature(secret, secondsIn(received, 'x-signature'), received.text),
    seconds: (received) => secondsIn(received, 'x-signature'),
    delivery: ({ json }) => json.id,
  },
  alphapo: {
    signed: (secret, received) => header(received, 'x-processing-signature') === alphapo.sign(secret, received.text),
    seconds: () => undefined,
    delivery: ({ json }) => `${json.id} ${json.status}`,
  },
}

function header({ headers }: Received, name: string): string {
  return String(headers[name])
}

/** `t=1780000000,v1=…` */
function secondsIn(received: Received, name: string): number {
  return Number(/^t=(\d+),/.exec(header(received, name))?.[1])
}
