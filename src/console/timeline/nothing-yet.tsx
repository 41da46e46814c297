// What stands in the timeline of a world in which nothing has happened: what to do next.
import type { World } from '../api/shapes.ts'
import { useRead } from '../api/use.ts'
import { DEFAULT_WORLD } from '../router.ts'
import { Code } from '../ui/code.tsx'
import { Empty } from '../ui/empty.tsx'

export function NothingYet({ world }: { readonly world: string }) {
  const { value } = useRead<{ data: readonly World[] }>(DEFAULT_WORLD, '/worlds')
  const urls = Object.entries(value?.data.find(({ id }) => id === world)?.base_urls ?? {})
  return (
    <Empty title="Nothing has happened in this world yet.">
      <p>Every call appears here as it is made. Point your client at one of these base URLs:</p>
      <dl class="pairs">
        {urls.map(([name, url]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{url}</code>
            </dd>
          </div>
        ))}
      </dl>
      <p>
        Or make a first call, signed with a demo key. GET / of each provider matches nothing, and shows how that looks:
      </p>
      <Code
        plain
        label="A first call"
        text={urls
          .slice(0, 1)
          .map(
            ([name]) =>
              `npx sandgate call ${name} GET / --url ${location.origin}${world === DEFAULT_WORLD ? '' : ` --world ${world}`}`,
          )
          .join('\n')}
      />
    </Empty>
  )
}
