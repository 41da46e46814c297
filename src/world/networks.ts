// The networks that coins move on: how often a block comes, what a transaction id looks like, which chain its addresses belong to.
// Public figures, rounded: what matters to a partner is their order of magnitude.
import type { Chain } from './addresses.ts'

export interface Network {
  readonly chain: Chain
  /** Between two blocks (ledgers, slots), ms. */
  readonly blockMs: number
  /** The block that was current at the start of 2026; heights follow from it. */
  readonly height2026: number
  readonly txid: 'hex' | '0x-hex' | 'upper-hex' | 'base58'
}

export const NETWORKS = {
  bitcoin: { chain: 'bitcoin', blockMs: 600_000, height2026: 930_300, txid: 'hex' },
  lightning: { chain: 'bitcoin', blockMs: 1, height2026: 0, txid: 'hex' },
  'bitcoin-cash': { chain: 'bitcoin-cash', blockMs: 600_000, height2026: 931_700, txid: 'hex' },
  litecoin: { chain: 'litecoin', blockMs: 150_000, height2026: 3_028_000, txid: 'hex' },
  dogecoin: { chain: 'dogecoin', blockMs: 60_000, height2026: 6_020_000, txid: 'hex' },
  ethereum: { chain: 'evm', blockMs: 12_000, height2026: 24_136_000, txid: '0x-hex' },
  bsc: { chain: 'evm', blockMs: 3_000, height2026: 73_600_000, txid: '0x-hex' },
  polygon: { chain: 'evm', blockMs: 2_000, height2026: 81_000_000, txid: '0x-hex' },
  avalanche: { chain: 'evm', blockMs: 2_000, height2026: 74_000_000, txid: '0x-hex' },
  arbitrum: { chain: 'evm', blockMs: 250, height2026: 416_000_000, txid: '0x-hex' },
  optimism: { chain: 'evm', blockMs: 2_000, height2026: 145_600_000, txid: '0x-hex' },
  base: { chain: 'evm', blockMs: 2_000, height2026: 40_000_000, txid: '0x-hex' },
  tron: { chain: 'tron', blockMs: 3_000, height2026: 78_800_000, txid: 'hex' },
  solana: { chain: 'solana', blockMs: 400, height2026: 390_000_000, txid: 'base58' },
  xrp: { chain: 'xrp', blockMs: 4_000, height2026: 101_200_000, txid: 'upper-hex' },
  stellar: { chain: 'stellar', blockMs: 5_000, height2026: 60_400_000, txid: 'hex' },
  cardano: { chain: 'cardano', blockMs: 20_000, height2026: 12_860_000, txid: 'hex' },
} as const satisfies Record<string, Network>

export type NetworkName = keyof typeof NETWORKS

const START_2026 = Date.UTC(2026, 0, 1)

/** The height of the newest block at an instant, ms. */
export function heightAt(name: NetworkName, ms: number): number {
  const { blockMs, height2026 } = NETWORKS[name]
  return Math.max(1, height2026 + Math.floor((ms - START_2026) / blockMs))
}

/** When the first block after this instant comes, ms. */
export function nextBlockAt(name: NetworkName, ms: number): number {
  const { blockMs } = NETWORKS[name]
  return (Math.floor(ms / blockMs) + 1) * blockMs
}
