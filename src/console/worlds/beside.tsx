// One world, beside the list: where it is reached, and what can be done with it.
import type { World } from '../api/shapes.ts'
import { token } from '../api/token.ts'
import { doLineOf } from '../copy/do.ts'
import { DEFAULT_WORLD } from '../router.ts'
import { Code } from '../ui/code.tsx'
import { CopyButton } from '../ui/copy.tsx'
import { Link } from '../ui/link.tsx'
import { Wall } from '../ui/wall.tsx'
import { Actions, type Doing } from './actions.tsx'
import { Goes, WorldClock } from './columns.tsx'

export function WorldBeside({ world, doing }: { readonly world: World; readonly doing: Doing }) {
  const { id, seed, clock, calls, used_at, problem, base_urls } = world
  return (
    <>
      {problem !== undefined && <p class="problem">It is stopped: {problem}</p>}
      <Actions world={id} doing={doing} />
      <dl class="pairs">
        <div>
          <dt>Seed</dt>
          <dd class="mono">{seed}</dd>
        </div>
        <div>
          <dt>Clock</dt>
          <dd>
            <WorldClock clock={clock} />
          </dd>
        </div>
        <div>
          <dt>Calls</dt>
          <dd>{calls ?? 'served by another process'}</dd>
        </div>
        <div>
          <dt>Last used</dt>
          <dd>{used_at !== undefined && <Wall iso={used_at} />}</dd>
        </div>
        <div>
          <dt>Goes at</dt>
          <dd>
            <Goes world={world} />
          </dd>
        </div>
        <div>
          <dt>States kept</dt>
          <dd>
            <Link view="checkpoints" world={id}>
              Checkpoints of {id}
            </Link>
          </dd>
        </div>
      </dl>
      <section aria-labelledby="world-urls">
        <h3 id="world-urls">Base URLs for your client</h3>
        <dl class="pairs">
          {Object.entries(base_urls).map(([name, url]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{url}</code> <CopyButton text={url} />
              </dd>
            </div>
          ))}
        </dl>
      </section>
      <section aria-labelledby="world-lines">
        <h3 id="world-lines">From a test, from a shell</h3>
        <Code plain label="From a test" text={connectLineOf(id)} />
        <Code
          plain
          label="From a shell"
          text={doLineOf('getClock', {}, { origin: location.origin, world: id, token: token() !== undefined })}
        />
      </section>
    </>
  )
}

function connectLineOf(id: string): string {
  const options = [
    ...(id === DEFAULT_WORLD ? [] : [`world: '${id}'`]),
    ...(token() === undefined ? [] : ['token: process.env.SANDGATE_CONTROL_TOKEN']),
  ]
  return `const sandbox = await connectSandbox('${location.origin}'${options.length === 0 ? '' : `, { ${options.join(', ')} }`})`
}
