// The contracts, each on a page of its own: what draws them needs a looser security policy than this page has.
import { queryOf } from '../api/client.ts'
import type { World } from '../api/shapes.ts'
import { useRead } from '../api/use.ts'
import { CONSOLE } from '../router.ts'
import { ProblemNote, Reading } from '../ui/empty.tsx'
import type { ViewOf } from './view.ts'

export function Reference({ world }: ViewOf) {
  const { value, problem, again } = useRead<{ data: readonly World[] }>(world, '/worlds')
  if (problem) return <ProblemNote problem={problem} again={again} />
  if (!value) return <Reading what="the providers" />
  const names = Object.keys(value.data[0]?.base_urls ?? {})
  return (
    <section class="page" aria-labelledby="reference-title">
      <h1 id="reference-title">Reference</h1>
      <p>The OpenAPI documents that this sandbox judges calls and answers by.</p>
      <ul class="cards">
        {[...names, 'sandgate'].map((name) => (
          <li key={name}>
            <a href={`${CONSOLE}/reference/${name}${queryOf({ world })}`}>
              {name === 'sandgate' ? 'The control API' : name}
            </a>
            {name !== 'sandgate' && <code>{value.data.find(({ id }) => id === world)?.base_urls[name]}</code>}
          </li>
        ))}
      </ul>
    </section>
  )
}
