// What the findings have to know of a provider: where its clients go wrong, and which of its rules stands behind each mistake.

/** The mistakes that traffic can prove. */
export const FINDING_KINDS = [
  'new-key-on-retry',
  'bad-signature-accepted',
  'receiver-too-slow',
  'callback-handled-twice',
  'expired-address-shown',
  'polling-too-fast',
  'number-lost-digits',
  'nonce-went-back',
  'unknown-field',
  'retried-unchanged',
  'production-key',
] as const

export type FindingKind = (typeof FINDING_KINDS)[number]

/** Where a call carries what tells a retry from a new intent. */
export interface RetryKey {
  readonly in: 'header' | 'body'
  readonly name: string
  /** Fields of the body of which one has to be there: without them somebody else may ask for the same, and nothing would be proved. */
  readonly whose: readonly string[]
  /** The rule that says what a repeat is answered. */
  readonly rule: string
  /** What a repeat is refused with, where it is not answered as the first call was. */
  readonly refusal?: string
}

/** Each is left out where the provider has nothing of the kind. */
export interface Pitfalls {
  /** The rule behind each kind, where one rule is behind all of them. */
  readonly rules: Readonly<Partial<Record<FindingKind, string>>>
  /** By operation. */
  readonly retryKeys?: Readonly<Record<string, RetryKey>>
  /** Operations that only look, beside every GET. */
  readonly looks?: readonly string[]
  /** The most calls a minute that the documents allow, by operation. */
  readonly perMinute?: Readonly<Record<string, number>>
  /** The refusal of a second call that is signed as one before it was: two equal calls within a second. */
  readonly signedBefore?: { readonly refusal: string; readonly rule: string }
  /** `gate`: the id of the check that spends a nonce. */
  readonly nonce?: { readonly header: string; readonly refusal: string; readonly gate: string }
  /** What keys for production look like. */
  readonly productionKey?: RegExp
  /** Whether unknown fields of a body are ignored, as the rule behind `unknown-field` says. */
  readonly ignoresFields?: true
}
