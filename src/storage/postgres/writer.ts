// One world that this process serves: what of it waits to be stored, and what the database knows of it. When it is stored is decided by group-commit.ts.
import type { RowChange } from '../../world/tables.ts'
import { Deliveries } from '../../world/outbox.ts'
import type { TablesView } from '../../world/view.ts'
import type { Loss, Stores, World } from '../../world/world.ts'
import type { WorldStorage } from '../port.ts'
import { type Change, type ClockLine, clockOf, ENTRIES_AHEAD, lineOf, moved, type Origin, originOf } from '../state.ts'

/** A number of calls that wait for the same commit. */
interface Turn {
  readonly promise: Promise<boolean>
  readonly done: (kept: boolean) => void
}

/** Parts that were written before, and the state in them. */
export interface Prepared {
  readonly token: number
  readonly clock: ClockLine
  readonly entries: number
}

/** What one commit does for one world. */
export interface Item {
  readonly writer: WorldWriter
  /** `check`: nothing of it was changed, but somebody was told how it is; `tell`: what time it is, too. */
  readonly kind: 'create' | 'replace' | 'append' | 'tell' | 'check'
  readonly records: Buffer
  /** The parts of a world that is created or replaced; 0: its state is in the records. */
  readonly token: number
  /** As text, where it is another one than the database has; null: it is not. */
  readonly about: string | null
  readonly told: number
  readonly frozen: boolean
  readonly due: boolean
  readonly turn: Turn | undefined
  /** The world as this commit leaves it, where it is time for a checkpoint. */
  readonly moment?: Moment
}

/** A world as it was behind a commit. `view` is to be ended. */
export interface Moment {
  readonly view: TablesView
  readonly clock: ClockLine
  readonly entries: number
  readonly origin: Origin
  readonly logBytes: number
}

/** Where a world stands in the database. */
export interface Position {
  readonly epoch: number
  readonly seq: number
  /** World time that somebody was told last, ms. */
  readonly told: number
  readonly clock: ClockLine
  readonly entries: number
  /** Bytes of the log behind the parts, and of the parts. */
  readonly logBytes: number
  readonly checkpointBytes: number
  /** Whether what is stored of it cannot be read: then it begins in the place of that, when somebody resets it. */
  readonly isUnread: boolean
}

export class WorldWriter implements WorldStorage {
  readonly id: string
  epoch: number
  seq: number
  logBytes: number
  checkpointBytes: number
  /** A checkpoint of it is being written. */
  folding = false
  /** Whether it was used since somebody asked. */
  used = true
  readonly #foldBytes: number
  readonly #schedule: (writer: WorldWriter) => void
  #world: World
  #origin: Origin
  #told: number
  #clock: ClockLine
  #entries: number
  #pending: RowChange[] = []
  /** What is stored next is not what changed but all there is: in the parts, or, where there are none, written out. */
  #whole: { readonly kind: 'create' | 'replace' | 'append'; readonly prepared?: Prepared } | undefined
  #isUnread: boolean
  #turn: Turn | undefined
  #loss: Loss | undefined
  #rollbacks = 0
  #begun = 0
  #done = 0
  #hasLost = false
  /** What is on its way to the database and changes the world. */
  #flight: Turn | undefined

  /**
   * `position`: where a world stands that was claimed; undefined: it begins now. `schedule` is told when something of it is to be stored. `foldBytes`: its
   * log is folded when it has more of them, and more than the parts before it.
   */
  constructor(
    world: World,
    made: object,
    position: Position | undefined,
    foldBytes: number,
    schedule: (writer: WorldWriter) => void,
    prepared?: Prepared,
  ) {
    this.#foldBytes = foldBytes
    this.id = world.id
    this.#world = world
    this.#origin = originOf(world, made)
    this.#schedule = schedule
    this.epoch = position?.epoch ?? 0
    this.seq = position?.seq ?? 0
    this.logBytes = position?.logBytes ?? 0
    this.checkpointBytes = position?.checkpointBytes ?? 0
    this.#told = position?.told ?? -Infinity
    this.#clock = position?.clock ?? clockOf(world)
    this.#entries = position?.entries ?? 0
    this.#isUnread = position?.isUnread ?? false
    if (!position) this.#whole = { kind: 'create', ...(prepared && { prepared }) }
    this.#follow(world)
  }

  get world(): World {
    return this.#world
  }

  get origin(): Origin {
    return this.#origin
  }

  get loss(): Loss | undefined {
    return this.#loss
  }

  get rollbacks(): number {
    return this.#rollbacks
  }

  get stores(): Stores {
    return { begun: this.#begun, done: this.#done, hasLost: this.#hasLost }
  }

  get pendingRows(): number {
    return this.#pending.length
  }

  /** Whether somebody waits for the next commit, or something is to be stored by it. */
  get waits(): boolean {
    return (
      this.#loss === undefined && (this.#turn !== undefined || this.#whole !== undefined || this.#pending.length > 0)
    )
  }

  /** From here on another world is the one of this id: one that begins now, or one whose state was written before. */
  begin(world: World, made: object, prepared?: Prepared): void {
    const kind = this.#whole?.kind === 'create' || this.#isUnread ? 'create' : prepared ? 'replace' : 'append'
    this.#isUnread = false
    this.#world.storage = undefined
    this.#world = world
    this.#origin = originOf(world, made)
    this.#pending = []
    this.#whole = { kind, ...(prepared && { prepared }) }
    this.#follow(world)
    this.#schedule(this)
  }

  #follow(world: World): void {
    world.storage = this
    world.onCommit((changes) => {
      if (world !== this.#world) return
      if (this.#loss !== undefined) {
        this.#hasLost = true
        return
      }
      for (const change of changes) this.#pending.push(change)
      this.#schedule(this)
    })
  }

  // rule: sandgate.shared.answers
  /** Whoever was told anything of a world was told what is true of it: also where nothing changed, it is looked whether the world is still served here. */
  committed(): Promise<boolean> {
    if (this.#loss !== undefined) return Promise.resolve(false)
    this.used = true
    if (!this.#turn) {
      this.#turn = newTurn()
      this.#schedule(this)
    }
    return this.#turn.promise
  }

  /** What is on its way may be stored though the world is lost: that is known before it is told. */
  async flush(): Promise<boolean> {
    const kept = await this.committed()
    if (!kept) await this.#flight?.promise
    return kept
  }

  /** What cannot be stored is known only when it has been tried. */
  isWritable(): boolean {
    return this.#loss === undefined
  }

  /** What the next commit is to do; undefined: nothing. */
  take(): Item | undefined {
    const item = this.#next()
    if (item && isChange(item)) {
      this.#begun++
      this.#flight = newTurn()
    }
    return item
  }

  /** A commit is over. */
  settled(item: Item, isStored: boolean): void {
    if (!isChange(item)) return
    if (isStored) this.#done++
    else this.#hasLost = true
    this.#flight?.done(isStored)
    this.#flight = undefined
  }

  #next(): Item | undefined {
    if (!this.waits) return undefined
    const world = this.#world
    const clock = clockOf(world)
    const base = {
      writer: this,
      token: 0,
      about: null,
      told: Math.floor(world.now),
      frozen: world.clock.frozen,
      due: isDue(world),
    }
    // What is stored of a world that cannot be served stays as it is.
    if (world.stopped && world.stopped.rows !== 'good')
      return { ...base, kind: 'check', records: NOTHING, turn: this.#takeTurn() }
    const whole = this.#whole
    if (whole?.prepared) {
      const { token, clock, entries } = whole.prepared
      this.#whole = undefined
      this.#clock = clock
      this.#entries = entries
      this.#told = world.now
      // Changes since then, and whoever waits for them, are the next commit's.
      return { ...base, kind: whole.kind, token, about: this.#about(), records: NOTHING, turn: undefined }
    }
    const entries = world.journal.nextId > this.#entries || whole ? world.journal.nextId - 1 + ENTRIES_AHEAD : undefined
    const pending = this.#pending
    if (!whole && pending.length === 0 && entries === undefined && !moved(clock, this.#clock)) {
      const kind = world.now > this.#told ? 'tell' : 'check'
      this.#told = Math.max(this.#told, world.now)
      return { ...base, kind, records: NOTHING, turn: this.#takeTurn() }
    }
    const change: Change = {
      ...(whole && { world: this.#origin }),
      clock,
      ...(entries !== undefined && { entries }),
      ...(whole ? { rows: [...world.entries()] } : pending.length > 0 && { rows: pending.map(lineOf) }),
    }
    this.#whole = undefined
    this.#pending = []
    this.#clock = clock
    this.#entries = entries ?? this.#entries
    this.#told = world.now
    const records = Buffer.from(JSON.stringify(change))
    this.logBytes += records.length
    const moment = this.#moment()
    const about = whole ? this.#about() : null
    return { ...base, kind: whole?.kind ?? 'append', records, about, turn: this.#takeTurn(), ...(moment && { moment }) }
  }

  /** Nothing of it waits now: it is what it will be when this commit is stored. */
  #moment(): Moment | undefined {
    if (this.folding || this.logBytes <= Math.max(this.#foldBytes, this.checkpointBytes)) return undefined
    this.folding = true
    const { view, clock } = this.#world.moment()
    return { view, clock, entries: this.#entries, origin: this.#origin, logBytes: this.logBytes }
  }

  /** The last record of a world that is let go of: its time and its journal to the number. */
  takeLast(): Item {
    const world = this.#world
    const clock = clockOf(world)
    this.#clock = clock
    const change: Change = { clock, entries: world.journal.nextId - 1 }
    return {
      writer: this,
      kind: 'append',
      records: Buffer.from(JSON.stringify(change)),
      token: 0,
      about: null,
      told: Math.floor(world.now),
      frozen: world.clock.frozen,
      due: isDue(world),
      turn: undefined,
    }
  }

  /** This process may not serve the world any more: whoever waits is told so, and so is everybody who asks later. */
  lose(loss: Loss): void {
    if (this.#loss !== undefined) return
    this.#loss = loss
    this.#rollbacks++
    this.#hasLost ||= this.#pending.length > 0 || this.#whole !== undefined || moved(clockOf(this.#world), this.#clock)
    this.#pending = []
    this.#takeTurn()?.done(false)
  }

  /** The world was deleted here: whoever still waits is let go with it. */
  end(): void {
    this.#takeTurn()?.done(true)
    this.#pending = []
    this.#whole = undefined
    this.#world.storage = undefined
    this.#world.onCommit(() => undefined)
  }

  #takeTurn(): Turn | undefined {
    const turn = this.#turn
    this.#turn = undefined
    return turn
  }

  /** What lists show of a world without reading it. */
  #about(): string {
    const { seed, startMs, frozen } = this.#origin
    return JSON.stringify({ seed, startMs, frozen })
  }
}

const NOTHING = Buffer.alloc(0)

function newTurn(): Turn {
  let done!: (kept: boolean) => void
  const promise = new Promise<boolean>((resolve) => (done = resolve))
  return { promise, done }
}

/** Whether it changes what is stored, rather than look at it. */
export function isChange({ kind }: Pick<Item, 'kind'>): boolean {
  return kind === 'append' || kind === 'replace' || kind === 'create'
}

/** Whether something will happen in it by itself: it is adopted when its owner is gone. */
function isDue(world: World): boolean {
  const { clock } = world
  return (!clock.frozen && clock.nextLoud !== undefined) || world.first(Deliveries, 'sending', '') !== undefined
}
