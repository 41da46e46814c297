// What came of a journal entry, asked of the sandbox: the faults that struck it, the deposits to an address that it handed out, the callbacks behind what
// it made.
import { visible } from '../telemetry/lines.ts'

/** Asks the control API of the world for a path; undefined where it is not told. */
export type Read = (path: string) => Promise<any>

/** How many pages of a list are looked through. */
const PAGES = 20

/** What a scenario or an armed rule did to a call: entries of their own, behind that of the call. */
export async function faultsOf({ id, kind, faults }: any, read: Read): Promise<string[]> {
  if (kind !== 'call') return []
  // A sandbox that links them names them; the others are looked for.
  const entries: any[] = Array.isArray(faults)
    ? await Promise.all(faults.map((fault) => read(`/journal/${fault}`)))
    : ((await read(`/journal?kind=fault&after=${id}`))?.data ?? [])
  return entries.filter((entry) => entry?.call === id).map(({ summary }) => String(summary))
}

/** The deposits that were sent to the addresses that an entry handed out. */
export async function depositsTo({ made, provider }: any, read: Read): Promise<any[]> {
  const rows = await Promise.all(
    (made?.addresses ?? []).map(async ({ address, tag }: any) => {
      const path = `/deposits?provider=${encodeURIComponent(provider)}&address=${encodeURIComponent(address)}`
      const found: any[] = (await read(path))?.data ?? []
      return found.filter((row) => (row.tag ?? null) === (tag ?? null))
    }),
  )
  return rows.flat()
}

/** The callbacks that an entry made, and those that deposits and withdrawals of it led to later. */
export async function deliveriesBehind(
  { id, kind, made, provider }: any,
  deposits: readonly any[],
  read: Read,
): Promise<string[]> {
  if (kind === 'callback') return []
  const things: string[] = [...(made?.deposits ?? []), ...(made?.withdrawals ?? []), ...deposits.map((row) => row.id)]
  const later = (await Promise.all(things.map((thing) => timersAbout(thing, read)))).flat()
  const wanted = new Set<string>([made, ...later.map((entry) => entry.made)].flatMap((each) => each?.deliveries ?? []))
  if (wanted.size === 0) return []
  const of = provider === undefined ? '' : `&provider=${encodeURIComponent(provider)}`
  const rows = await allOf(`/callbacks?limit=1000${of}`, read)
  return rows.filter((row) => wanted.has(row.id) || row.made_by === id).map(deliveryText)
}

/** The entries of timers that name a deposit or a withdrawal. */
async function timersAbout(thing: string, read: Read): Promise<any[]> {
  const found = await read(`/journal?kind=timer&view=brief&limit=1000&text=${encodeURIComponent(thing)}`)
  // dep_1 is a part of dep_10.
  return (found?.data ?? []).filter(({ summary }: any) =>
    String(summary)
      .split(/[^\w-]+/)
      .includes(thing),
  )
}

function deliveryText({ id, event, url, status, attempts = [], next_at: next }: any): string {
  const last = attempts.at(-1)
  const outcome = last
    ? `, the last one ${last.status === null ? `not answered (${last.error})` : `answered ${last.status}`}`
    : ''
  const due = next ? `, the next one is due at ${next}` : ''
  return visible(
    `${id}: ${event} to ${url ?? 'no endpoint'}, ${status}; ${attempts.length} ${attempts.length === 1 ? 'attempt' : 'attempts'}${outcome}${due}`,
  )
}

/** Every row of a list, page by page. */
async function allOf(path: string, read: Read): Promise<any[]> {
  const rows: any[] = []
  let cursor: string | null = null
  for (let page = 0; page < PAGES; page++) {
    const told: any = await read(cursor === null ? path : `${path}&cursor=${encodeURIComponent(cursor)}`)
    rows.push(...(told?.data ?? []))
    cursor = told?.next ?? null
    if (cursor === null) break
  }
  return rows
}
