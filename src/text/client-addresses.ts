// From which IP addresses a key may be used, as a config file lists them: addresses and ranges, IPv4 and IPv6.
import { BlockList, isIP } from 'node:net'
import { z } from 'zod'

/** One address (`203.0.113.7`, `2001:db8::1`) or a range of them (`10.0.0.0/8`), in parts; IPv4 written as IPv6 is IPv4. Undefined: it is neither. */
function addressRange(
  text: string,
): { readonly address: string; readonly prefix: number; readonly family: 'ipv4' | 'ipv6' } | undefined {
  const [, address = '', digits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  const bits = version === 4 ? 32 : 128
  const prefix = digits === undefined ? bits : Number(digits)
  if (version === 0 || prefix > bits) return undefined
  const [, high, low] =
    version === 6 ? (/^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(new URL(`http://[${address}]`).hostname) ?? []) : []
  if (high === undefined || prefix < 96) return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
  const bytes = [high, low].flatMap((part) => [parseInt(part!, 16) >> 8, parseInt(part!, 16) & 255])
  return { address: bytes.join('.'), prefix: prefix - 96, family: 'ipv4' }
}

// rule: sandgate.config.ips
/** From where a key may be used, in a config file; empty: from everywhere. Asked with an address, it says whether a call from there is allowed. */
export const ClientAddresses = z
  .array(
    z.string().refine((text) => addressRange(text) !== undefined, {
      error: ({ input }) =>
        `"${String(input).slice(0, 80)}" is not an IP address: expected one such as 203.0.113.7 or 2001:db8::1, or a range such as 10.0.0.0/8`,
    }),
  )
  .transform((texts) => {
    const list = new BlockList()
    for (const { address, prefix, family } of texts.map(addressRange).filter((range) => range !== undefined))
      list.addSubnet(address, prefix, family)
    return (ip: string): boolean => {
      const address = ip.replace(/%.*/, '')
      return texts.length === 0 || (isIP(address) !== 0 && list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6'))
    }
  })
