// The view "Checkpoints": states of this world under a name, what has changed since, and the way back.
import { useState } from 'preact/hooks'
import { useReadOften } from '../api/often.ts'
import type { Checkpoint } from '../api/shapes.ts'
import { token } from '../api/token.ts'
import { CheckpointBeside } from '../checkpoints/beside.tsx'
import { type Ask, type Asking, columnsOf } from '../checkpoints/columns.tsx'
import { DeleteCheckpoint, Rewind } from '../checkpoints/dialogs.tsx'
import { MakeCheckpoint } from '../checkpoints/make.tsx'
import { doLineOf } from '../copy/do.ts'
import { goWith } from '../router.ts'
import { Code } from '../ui/code.tsx'
import { Empty, ProblemNote, Reading } from '../ui/empty.tsx'
import { focusView } from '../ui/focus.ts'
import { Link } from '../ui/link.tsx'
import { Panel, Split } from '../ui/split.tsx'
import { Table } from '../ui/table.tsx'
import type { ViewOf } from './view.ts'

/** Scripts make checkpoints too, and the journal does not tell. */
const OFTEN = { restMs: 1000, staleMs: 5000 }
/** What the URL says of the checkpoint that is open. */
const OPEN = ['name', 'change', 'table', 'row', 'more']

export function Checkpoints({ world, query }: ViewOf) {
  const { value, problem, again } = useReadOften<{ data: readonly Checkpoint[] }>(world, '/checkpoints', OFTEN)
  const [asking, setAsking] = useState<{ readonly what: Asking; readonly name: string }>()
  const [said, setSaid] = useState<{ readonly words: string; readonly open: string | undefined }>()
  const { name: open } = query
  const checkpoints = value?.data ?? []
  const opened = checkpoints.find(({ name }) => name === open)
  const asked = checkpoints.find(({ name }) => name === asking?.name)

  const ask: Ask = (what, name) => {
    setSaid(undefined)
    setAsking({ what, name })
  }
  const close = () => setAsking(undefined)
  const done = (words: string, beside: string | undefined) => {
    close()
    setSaid({ words, open: beside })
    again()
  }

  // Beside the buttons that were pressed: in a narrow window only one of both is there.
  const words = said?.open === open ? said?.words : undefined
  const note = words !== undefined && <p class="note">{words}</p>
  return (
    <>
      <p class="out-of-sight" role="status">
        {words}
      </p>
      <Split
        title={`Checkpoints of ${world}`}
        list={
          <>
            <div class="tools">
              <MakeCheckpoint
                world={world}
                names={checkpoints.map(({ name }) => name)}
                made={({ name }, replaced) => done(`${name} is ${replaced ? 'the state of now' : 'kept'}.`, open)}
              />
            </div>
            <ProblemNote problem={problem} again={again} />
            {open === undefined && note}
            {!value && !problem && <Reading what="the checkpoints" />}
            {checkpoints.length > 0 && (
              <div class="listed">
                <Table
                  label="All checkpoints"
                  columns={columnsOf(world, ask)}
                  rows={[...checkpoints].reverse()}
                  keyOf={({ name }) => name}
                  marked={open}
                />
                <p class="paging muted">
                  {checkpoints.length} of at most 32, the newest first. They are kept in memory, and go with the sandbox
                  and with the world; a <SnapshotLink world={world} /> keeps the same state as a file.
                </p>
              </div>
            )}
            {value && checkpoints.length === 0 && <NoneYet world={world} />}
          </>
        }
        panel={
          open !== undefined && value ? (
            <Panel key={open} title={`Checkpoint ${open}`} closes={OPEN}>
              {note}
              {opened ? (
                <CheckpointBeside world={world} checkpoint={opened} query={query} ask={ask} />
              ) : (
                <p>
                  {world} has no checkpoint “{open}”. It was deleted, or went with the sandbox: checkpoints are kept in
                  memory only.
                </p>
              )}
            </Panel>
          ) : undefined
        }
      />
      {asking?.what === 'rewind' && asked && (
        <Rewind
          world={world}
          checkpoint={asked}
          close={close}
          done={() => done(`${world} is as it was at ${asked.name}.`, open)}
        />
      )}
      {asking?.what === 'delete' && asked && (
        <DeleteCheckpoint
          world={world}
          checkpoint={asked}
          close={close}
          done={() => {
            done(`${asked.name} is deleted.`, open === asked.name ? undefined : open)
            focusView()
            if (open === asked.name) goWith(Object.fromEntries(OPEN.map((name) => [name, undefined])), true)
          }}
        />
      )}
    </>
  )
}

function SnapshotLink({ world }: { readonly world: string }) {
  return (
    <Link view="worlds" query={{ id: world }}>
      snapshot
    </Link>
  )
}

function NoneYet({ world }: { readonly world: string }) {
  const place = { origin: location.origin, world, token: token() !== undefined }
  return (
    <Empty title="No state of this world is kept yet.">
      <p>
        A checkpoint keeps everything that is in {world} as it is now, under a name. Then do what you want to look at:
        here stands which rows were added, changed and removed by it, and one button brings the world back.
      </p>
      <p>Give it a name above, or make one from a script:</p>
      <Code plain label="Make a checkpoint" text={doLineOf('putCheckpoint', { name: 'before-payout' }, place)} />
      <p>
        Checkpoints are kept in memory, and go with the sandbox and with the world; a <SnapshotLink world={world} />{' '}
        keeps the same state as a file.
      </p>
    </Empty>
  )
}
