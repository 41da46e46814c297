// The statements that keep worlds. Those that change a world look for its epoch in the same statement, so that a process whose world was taken over is
// refused, however late its statement arrives; no clock and no lock of a session is part of that.
import type { Statement } from './connection.ts'

function statement(name: string, text: string): Statement {
  return { name, text }
}

/** Appends changes of many worlds: a world that is not returned has another owner, or has got these changes already. */
export const APPEND = statement(
  'append',
  `with a as (
    select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[], $6::boolean[], $7::boolean[], $8::text[])
      as t(id, epoch, seq, records, told, frozen, due, about)
  ), l as (
    select worlds.id from sandgate.worlds join a using (id)
    where worlds.epoch = a.epoch and worlds.seq = a.seq order by worlds.id for update of worlds
  ), w as (
    update sandgate.worlds set seq = worlds.seq + 1, told = a.told, frozen = a.frozen, due = a.due,
      about = coalesce(a.about::jsonb, worlds.about), used = now()
    from a join l using (id)
    where worlds.id = a.id and worlds.epoch = a.epoch and worlds.seq = a.seq
    returning worlds.id, worlds.seq, worlds.epoch, a.records
  )
  insert into sandgate.log (world, seq, epoch, records) select id, seq, epoch, records from w returning world as id`,
)

/** The same without the look at the epoch: for the test that shows what the look is for. */
export const APPEND_UNFENCED = statement(
  'append-unfenced',
  `with a as (
    select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[], $6::boolean[], $7::boolean[], $8::text[])
      as t(id, epoch, seq, records, told, frozen, due, about)
  ), w as (
    update sandgate.worlds set seq = greatest(worlds.seq, a.seq + 1), told = a.told, frozen = a.frozen, due = a.due, used = now()
    from a where worlds.id = a.id returning worlds.id, a.seq + 1 as seq, worlds.epoch, a.records
  )
  insert into sandgate.log (world, seq, epoch, records) select id, seq, epoch, records from w
  on conflict (world, seq) do update set records = excluded.records returning world as id`,
)

/** Which worlds are still of this owner: nothing of them was changed, but somebody was told how they are. */
export const CHECK = statement(
  'check',
  `select worlds.id from sandgate.worlds
  join unnest($1::text[], $2::bigint[]) as a(id, epoch) on worlds.id = a.id and worlds.epoch = a.epoch`,
)

/** The same, where somebody was told what time it is in them: no other owner may tell an earlier one. */
export const TELL = statement(
  'tell',
  `with a as (select * from unnest($1::text[], $2::bigint[], $3::bigint[]) as t(id, epoch, told)),
  l as (
    select worlds.id from sandgate.worlds join a using (id)
    where worlds.epoch = a.epoch order by worlds.id for no key update of worlds
  )
  update sandgate.worlds set told = a.told from a join l using (id)
  where worlds.id = a.id and worlds.epoch = a.epoch returning worlds.id`,
)

/** A world begins; nothing is returned where there is one of that id. Parts that were written before may hold its state. */
export const CREATE = statement(
  'create',
  `with w as (
    insert into sandgate.worlds (id, epoch, owner, seq, checkpoint, checkpoint_seq, told, frozen, due, about)
    values ($1, nextval('sandgate.epochs'), $2, 1, $3::bigint, case when $3::bigint = 0 then 0 else 1 end, $5, $6, $7, $8::jsonb)
    on conflict (id) do nothing returning id, seq, epoch
  ), l as (
    insert into sandgate.log (world, seq, epoch, records) select id, seq, epoch, $4::bytea from w where $3::bigint = 0
  )
  select id, epoch from w`,
)

/** Parts that were written before take the place of all that a world was. */
export const REPLACE = statement(
  'replace',
  `with old as (select id, checkpoint from sandgate.worlds where id = $1 and epoch = $2 and seq = $3 for update),
  w as (
    update sandgate.worlds set seq = worlds.seq + 1, checkpoint = $4, checkpoint_seq = worlds.seq + 1,
      told = $5, frozen = $6, due = $7, about = $8::jsonb, used = now()
    from old where worlds.id = old.id and worlds.epoch = $2 and worlds.seq = $3 returning worlds.id
  ), l as (
    delete from sandgate.log where world in (select id from w)
  ), p as (
    delete from sandgate.parts where token in (select checkpoint from old where old.id in (select id from w))
  )
  select id from w`,
)

/** Parts hold the state of a world as of `seq`: what they stand for goes. */
export const FOLD = statement(
  'fold',
  `with old as (select id, checkpoint from sandgate.worlds where id = $1 and epoch = $2 and checkpoint_seq < $3 for update),
  w as (
    update sandgate.worlds set checkpoint = $4, checkpoint_seq = $3
    from old where worlds.id = old.id and worlds.epoch = $2 returning worlds.id
  ), l as (
    delete from sandgate.log where world in (select id from w) and seq <= $3
  ), p as (
    delete from sandgate.parts where token in (select checkpoint from old where old.id in (select id from w))
  )
  select id from w`,
)

/** A world has a new owner from here on. `$3`: only where its owner has been silent for so many seconds, or there is none; null: whoever it is. */
export const CLAIM = statement(
  'claim',
  `with old as (
    select id, owner from sandgate.worlds where id = $1 and ($3::float8 is null or owner is null
      or owner not in (select id from sandgate.nodes where seen > now() - make_interval(secs => $3))) for update
  )
  update sandgate.worlds set epoch = nextval('sandgate.epochs'), owner = $2, used = now()
  from old where worlds.id = old.id
  returning worlds.epoch, worlds.seq, worlds.checkpoint, worlds.checkpoint_seq, worlds.told, old.owner`,
)

/** Worlds whose last statement nobody has heard of: those that are still of this owner. What was on its way can do nothing to them any more. */
export const CLAIM_AGAIN = statement(
  'claim-again',
  `with a as (select * from unnest($1::text[], $2::bigint[]) as t(id, epoch)),
  l as (
    select worlds.id from sandgate.worlds join a using (id)
    where worlds.epoch = a.epoch order by worlds.id for update of worlds
  )
  update sandgate.worlds set epoch = nextval('sandgate.epochs') from a join l using (id)
  where worlds.id = a.id and worlds.epoch = a.epoch returning worlds.id, worlds.epoch, worlds.seq`,
)

/** A world that this owner was making, claimed anew where it has come to be. */
export const CLAIM_NEW = statement(
  'claim-new',
  `update sandgate.worlds set epoch = nextval('sandgate.epochs') where id = $1 and owner = $2 returning epoch, seq`,
)

/** Which of these changes are in the log. */
export const FIND = statement(
  'find',
  `select log.world as id from sandgate.log
  join unnest($1::text[], $2::bigint[], $3::bigint[]) as a(id, epoch, seq) on log.world = a.id and log.epoch = a.epoch and log.seq = a.seq + 1`,
)

/** How far the state in the parts of these worlds goes: changes up to there are in the log no longer. */
export const FOLDED = statement('folded', 'select id, checkpoint_seq from sandgate.worlds where id = any($1::text[])')

/** A world as it was stored: its parts, in order, then its log. One statement, so that both are of one moment. As text, which is half as long as bytes are told. */
export const LOAD = statement(
  'load',
  `select 0::bigint as seq, part, convert_from(rows, 'utf8') as text from sandgate.parts where token = $2
  union all select seq, 0, convert_from(records, 'utf8') from sandgate.log where world = $1 and seq > $3
  order by 1, 2`,
)

export const LIST = statement(
  'list',
  `select id, owner, about, told, frozen, due, extract(epoch from used)::float8 * 1000 as used from sandgate.worlds order by id`,
)

export const CENSUS = statement(
  'census',
  `select count(*) as worlds, coalesce(max(substring(id from '^world-([0-9]{1,9})$')::bigint), 0) as highest from sandgate.worlds`,
)

/** Deletes a world. `$2`: only while it has this epoch, or, where that is 0, the owner `$3`; null: whoever serves it. */
export const DELETE = statement('delete', 'select sandgate.forget($1, $2, $3) as id')

/** Lets go of every world of this owner. */
export const RELEASE = statement('release', 'update sandgate.worlds set owner = null where owner = $1')

/** A number that was never given out before: of parts, as of epochs. */
export const TOKEN = statement('token', `select nextval('sandgate.epochs') as token`)

export const PART = statement('part', 'insert into sandgate.parts (token, part, rows) values ($1, $2, $3)')

export const FORGET_PARTS = statement('forget-parts', 'delete from sandgate.parts where token = $1')

/** This process is there. */
export const BEAT = statement(
  'beat',
  `insert into sandgate.nodes (id) values ($1) on conflict (id) do update set seen = now()`,
)

/** The worlds of this owner, and its claim of each. */
export const OWN = statement('own', 'select id, epoch from sandgate.worlds where owner = $1')

/** Worlds that were used without a change. */
export const USED = statement(
  'used',
  'update sandgate.worlds set used = now() where id = any($2::text[]) and owner = $1',
)

export const LEAVE = statement('leave', 'delete from sandgate.nodes where id = $1')

/** Worlds in which something falls due by itself, and whose owner has been silent for so many seconds. */
export const ORPHANS = statement(
  'orphans',
  `select id from sandgate.worlds where due and (owner is null
    or owner not in (select id from sandgate.nodes where seen > now() - make_interval(secs => $1)))
  limit 200`,
)

/** What processes that ended have left: parts that no world has, and names of their own. */
export const SWEEP_PARTS = statement(
  'sweep-parts',
  `delete from sandgate.parts where made < now() - interval '1 day'
  and not exists (select 1 from sandgate.worlds where worlds.checkpoint = parts.token)`,
)
export const SWEEP_NODES = statement('sweep-nodes', `delete from sandgate.nodes where seen < now() - interval '1 day'`)

/** Worlds that nobody serves and nobody has used for so many seconds; the default one stays. */
export const SWEEP_WORLDS = statement(
  'sweep-worlds',
  `select sandgate.forget(id, epoch, null) as id from sandgate.worlds
  where not due and id <> $1 and used < now() - make_interval(secs => $2)
    and (owner is null or owner not in (select id from sandgate.nodes where seen > now() - interval '1 minute'))`,
)
