// The view "Worlds": every world of this sandbox, how it is used, and what can be done with it.
import { useEffect, useState } from 'preact/hooks'
import { download } from '../api/download.ts'
import { useReadOften } from '../api/often.ts'
import type { World } from '../api/shapes.ts'
import { useAction } from '../api/use.ts'
import { DeleteWorld, NewWorld, ResetWorld } from '../bar/world-picker.tsx'
import { DEFAULT_WORLD, go, goWith, urlOf } from '../router.ts'
import { Empty, ProblemNote, Reading } from '../ui/empty.tsx'
import { focusView } from '../ui/focus.ts'
import { Link } from '../ui/link.tsx'
import { Panel, Split } from '../ui/split.tsx'
import { Table } from '../ui/table.tsx'
import type { Asking, Doing, Saving } from '../worlds/actions.tsx'
import { WorldBeside } from '../worlds/beside.tsx'
import { columnsOf } from '../worlds/columns.tsx'
import { OnlyDefault } from '../worlds/only-default.tsx'
import { RestoreWorld } from '../worlds/restore.tsx'
import type { ViewOf } from './view.ts'

/** Other worlds are used without this page being told. */
const OFTEN = { restMs: 1000, staleMs: 5000 }
const FILES: Readonly<Record<Saving, string>> = { snapshot: 'snapshot', recording: 'case' }

/** What was done, and the world that stood beside the list then: beside another one it is old. */
interface Said {
  readonly words: string
  readonly open: string | undefined
}

export function Worlds({ world: here, query }: ViewOf) {
  const { value, problem, again } = useReadOften<{ data: readonly World[] }>(DEFAULT_WORLD, '/worlds', OFTEN)
  const [asking, setAsking] = useState<{ readonly what: Asking | 'new'; readonly world: string }>()
  const [said, setSaid] = useState<Said>()
  const [awaited, setAwaited] = useState<string>()
  const saving = useAction(async (what: Saving, world: string) => {
    const name = `${world}.${FILES[what]}.json`
    await download(world, `/${what}`, name)
    return `${name} is saved.`
  })
  const { id: open, text = '' } = query
  const worlds = value?.data ?? []
  const shown = worlds.filter(({ id, seed }) => `${id} ${seed}`.toLowerCase().includes(text.trim().toLowerCase()))
  const opened = worlds.find(({ id }) => id === open)

  const make = () => setAsking({ what: 'new', world: DEFAULT_WORLD })
  const doing: Doing = {
    ask: (what, world) => {
      setSaid(undefined)
      saving.forget()
      setAsking({ what, world })
    },
    save: (what, world) => {
      setSaid(undefined)
      void saving.run(what, world).then((words) => words !== undefined && setSaid({ words, open }))
    },
  }
  const done = (words: string, beside: string | undefined) => {
    setAsking(undefined)
    setSaid({ words, open: beside })
    saving.forget()
    again()
  }
  const made = (id: string) => {
    done(`${id} is there now.`, id)
    setAwaited(id)
  }
  useEffect(() => {
    // It is shown as soon as the list has it.
    if (awaited === undefined || !worlds.some(({ id }) => id === awaited)) return
    setAwaited(undefined)
    goWith({ id: awaited, text: undefined })
    focusView()
  }, [value, awaited])
  const deleted = (id: string) => {
    done(`${id} is deleted.`, id === open ? undefined : open)
    if (id === here) go(urlOf(DEFAULT_WORLD, 'worlds'), true)
    else if (id === open) goWith({ id: undefined }, true)
    focusView()
  }

  const words = saving.busy ? 'Reading the file…' : said?.open === open ? said?.words : undefined
  // Beside the buttons that were pressed: in a narrow window only one of both is there.
  const notes = (
    <>
      {words !== undefined && <p class="note">{words}</p>}
      <ProblemNote problem={saving.problem} />
    </>
  )
  return (
    <>
      <p class="out-of-sight" role="status">
        {words}
      </p>
      <Split
        title="Worlds"
        list={
          <>
            <div class="tools">
              <label>
                Id or seed
                <input
                  size={16}
                  placeholder="all"
                  autocomplete="off"
                  spellcheck={false}
                  value={text}
                  onInput={(event: Event) => goWith({ text: (event.currentTarget as HTMLInputElement).value }, true)}
                />
              </label>
              <button type="button" class="small" onClick={make}>
                New world…
              </button>
              {value && (
                <span class="muted">
                  {text === '' ? worlds.length : `${shown.length} of ${worlds.length}`}{' '}
                  {worlds.length === 1 ? 'world' : 'worlds'}
                </span>
              )}
            </div>
            <ProblemNote problem={problem} again={again} />
            {open === undefined && notes}
            {!value && !problem && <Reading what="the worlds" />}
            {shown.length > 0 && (
              <div class="listed">
                <Table
                  label="All worlds"
                  columns={columnsOf(here, doing)}
                  rows={shown}
                  keyOf={({ id }) => id}
                  marked={open}
                />
                {worlds.length === 1 && open === undefined && <OnlyDefault make={make} />}
              </div>
            )}
            {value && shown.length === 0 && (
              <Empty title={`No world has “${text}” in its id or seed.`}>
                <p>
                  <Link query={{ text: undefined }}>Show all {worlds.length}</Link>
                </p>
              </Empty>
            )}
          </>
        }
        panel={
          open !== undefined && value ? (
            <Panel key={open} title={`World ${open}`} closes={['id']}>
              {notes}
              {opened ? <WorldBeside world={opened} doing={doing} /> : <Gone id={open} make={make} />}
            </Panel>
          ) : undefined
        }
      />
      {asking && (
        <Dialogs
          asking={asking}
          close={() => setAsking(undefined)}
          made={made}
          done={(words) => done(words, open)}
          deleted={deleted}
        />
      )}
    </>
  )
}

function Gone({ id, make }: { readonly id: string; readonly make: () => void }) {
  return (
    <>
      <p>
        There is no world “{id}”. It was deleted, or nobody used it for a long time, or it was in memory only and went
        with the sandbox.
      </p>
      <p>
        <button type="button" onClick={make}>
          Make a world…
        </button>
      </p>
    </>
  )
}

interface DialogsProps {
  readonly asking: { readonly what: Asking | 'new'; readonly world: string }
  readonly close: () => void
  readonly made: (id: string) => void
  readonly done: (words: string) => void
  readonly deleted: (id: string) => void
}

function Dialogs({ asking: { what, world }, close, made, done, deleted }: DialogsProps) {
  if (what === 'new' || what === 'fork')
    return <NewWorld from={what === 'fork' ? world : undefined} close={close} done={made} />
  if (what === 'reset') return <ResetWorld world={world} close={close} done={() => done(`${world} is as new.`)} />
  if (what === 'delete') return <DeleteWorld world={world} close={close} done={() => deleted(world)} />
  return (
    <RestoreWorld world={world} close={close} done={(file) => done(`${world} is as the snapshot ${file} has it.`)} />
  )
}
