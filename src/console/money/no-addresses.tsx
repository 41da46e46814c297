// What stands where no address was handed out: a call of each provider that hands one out, made from its contract.
import { useEffect, useState } from 'preact/hooks'
import { api } from '../api/client.ts'
import { ProviderLine } from '../lists/pasteable.tsx'
import { Empty } from '../ui/empty.tsx'
import { Link } from '../ui/link.tsx'
import { type AddressCall, addressCall, type Contract, FILL_IN } from './address-calls.ts'

interface Props {
  readonly world: string
  readonly names: readonly string[]
  readonly title: string
}

export function NoAddresses({ world, names, title }: Props) {
  const calls = useAddressCalls(world, names)
  const fillsIn = calls.some(([, call]) => JSON.stringify(call).includes(FILL_IN))
  return (
    <Empty title={title}>
      <p>
        An address is handed out when a client asks for one; the <Link view="reference">reference</Link> has the
        contracts. Let your client do it, or paste one of these, signed with a demo key.
        {fillsIn && ` What stands as ${FILL_IN} is to be filled in.`}
      </p>
      {calls.map(([name, call]) => (
        <ProviderLine key={name} world={world} provider={name} {...call} label={`A first address of ${name}`} />
      ))}
    </Empty>
  )
}

/** The first call of each provider, as far as their contracts have been read. */
function useAddressCalls(world: string, names: readonly string[]): readonly (readonly [string, AddressCall])[] {
  const [calls, setCalls] = useState<readonly (readonly [string, AddressCall])[]>([])
  useEffect(() => {
    const stop = new AbortController()
    const read = names.map(async (name) => {
      const path = `/specs/${encodeURIComponent(name)}`
      const call = addressCall(await api<Contract>(world, path, { accept: 'application/json', signal: stop.signal }))
      return call === undefined ? [] : [[name, call] as const]
    })
    // One that cannot be read leaves the others.
    void Promise.allSettled(read).then((settled) => {
      if (!stop.signal.aborted)
        setCalls(settled.flatMap((result) => (result.status === 'fulfilled' ? result.value : [])))
    })
    return () => stop.abort()
  }, [world, names.join()])
  return calls
}
