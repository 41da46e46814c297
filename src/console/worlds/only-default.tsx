// What stands under the list while there is no world but the default one: what others are for, and how one is made.
import { token } from '../api/token.ts'
import { doLineOf } from '../copy/do.ts'
import { DEFAULT_WORLD } from '../router.ts'
import { Code } from '../ui/code.tsx'
import { Empty } from '../ui/empty.tsx'

export function OnlyDefault({ make }: { readonly make: () => void }) {
  const place = { origin: location.origin, world: DEFAULT_WORLD, token: token() !== undefined }
  return (
    <Empty title="There is only the default world.">
      <p>
        Tests that run side by side take a world each: every one has its own clock, money and journal, and is reached
        under a base URL of its own.
      </p>
      <p>
        <button type="button" class="primary" onClick={make}>
          Make a world…
        </button>
      </p>
      <p>Or from a script; the answer has the base URLs:</p>
      <Code plain label="Make a world" text={doLineOf('createWorld', { id: 'ci-42' }, place)} />
    </Empty>
  )
}
