// What stands where no address was handed out: a call of each provider that hands one out.
import { ProviderLine } from '../lists/pasteable.tsx'
import { Empty } from '../ui/empty.tsx'
import { ADDRESS_CALLS } from './samples.ts'

interface Props {
  readonly world: string
  readonly names: readonly string[]
  readonly title: string
}

export function NoAddresses({ world, names, title }: Props) {
  const known = names.flatMap((name) => {
    const sample = ADDRESS_CALLS[name]
    return sample === undefined ? [] : [[name, sample] as const]
  })
  return (
    <Empty title={title}>
      <p>
        An address is handed out when a client asks for one. Let your client do it, or paste one of these, signed with a
        demo key:
      </p>
      {known.map(([name, sample]) => (
        <ProviderLine key={name} world={world} provider={name} {...sample} label={`A first address of ${name}`} />
      ))}
    </Empty>
  )
}
