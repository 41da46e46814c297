// The tables that worlds are kept in, in a schema of their own, and the looks at a database before anything is kept there: each refusal is one line that says
// what to do.
import { StorageRefused } from '../port.ts'
import type { Address } from './address.ts'
import { AnswerLost, type Connection, NotConnected, type Row, StatementRefused } from './connection.ts'

/** Raised when what was written before can no longer be read. */
const FORMAT = 1
/** `server_version_num` of the oldest server that will do. */
const OLDEST_SERVER = 130_000
/** Processes that start at once make the tables one after the other. */
const MAKING = 7_263_428_371

const TABLES = [
  'create schema if not exists sandgate',
  'create table sandgate.meta (key text primary key, value text not null)',
  'create sequence sandgate.epochs',
  'create table sandgate.nodes (id text primary key, seen timestamptz not null default now())',
  // epoch: of the process that serves the world. seq: how many changes were appended. checkpoint: the parts that hold its state as of checkpoint_seq; 0:
  // there are none. told: world time that somebody was told last, ms. due: something will happen in it by itself.
  `create table sandgate.worlds (
    id text primary key,
    epoch bigint not null,
    owner text,
    seq bigint not null,
    checkpoint bigint not null default 0,
    checkpoint_seq bigint not null default 0,
    told bigint not null,
    frozen boolean not null,
    due boolean not null,
    about jsonb not null,
    used timestamptz not null default now()
  ) with (fillfactor = 50)`,
  `create table sandgate.log (
    world text not null,
    seq bigint not null,
    epoch bigint not null,
    records bytea not null,
    primary key (world, seq)
  )`,
  `create table sandgate.parts (
    token bigint not null,
    part integer not null,
    rows bytea not null,
    made timestamptz not null default now(),
    primary key (token, part)
  )`,
  // A function, because each of its statements sees what was committed before it: a change of the world that is stored while its row is waited for is
  // deleted too. No epoch: whoever serves the world. Epoch 0: nobody but this owner has served it.
  `create function sandgate.forget(world_id text, world_epoch bigint, world_owner text) returns setof text language plpgsql as $body$
  declare parts_token bigint;
  begin
    delete from sandgate.worlds where id = world_id
      and (world_epoch is null or epoch = world_epoch or (world_epoch = 0 and owner = world_owner))
      returning checkpoint into parts_token;
    if not found then
      return;
    end if;
    delete from sandgate.log where world = world_id;
    delete from sandgate.parts where token = parts_token;
    return next world_id;
  end $body$`,
  // Compressing them would take longer than writing them.
  'alter table sandgate.log alter column records set storage external',
  'alter table sandgate.parts alter column rows set storage external',
]

/** What a database says of itself. */
export interface Opened {
  /** What the worlds of this database derive their draws from. */
  readonly seed: string
  /** The server's clock, ms since 1970. */
  readonly clockMs: number
}

/**
 * Looks at a database, and makes the tables where there are none. `seed`: the one that is asked for; `otherwise`: that of a database which begins now and is
 * asked for none. Rejects with `StorageRefused`.
 */
export async function openSchema(
  connection: Connection,
  address: Address,
  seed: string | undefined,
  otherwise: string,
): Promise<Opened> {
  try {
    await refuseServer(connection, address)
    const kept = await connection.transaction((query) => tables(query, address, seed ?? otherwise))
    if (seed !== undefined && seed !== kept)
      throw new StorageRefused(
        `the database ${address.shown} was begun with the seed "${kept}": use --seed ${kept}, or another database`,
      )
    const [{ now }] = (await connection.query({
      name: 'now',
      text: 'select extract(epoch from clock_timestamp())::float8 * 1000 as now',
    })) as [Row]
    return { seed: kept, clockMs: now }
  } catch (error) {
    throw error instanceof StorageRefused ? error : new StorageRefused(problemOf(error as Error, address))
  }
}

async function refuseServer(connection: Connection, { shown }: Address): Promise<void> {
  const [{ version, number, commit, encoding }] = (await connection.query({
    name: 'server',
    text: `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      current_setting('synchronous_commit') as commit, current_setting('server_encoding') as encoding`,
  })) as [Row]
  if (number < OLDEST_SERVER)
    throw new StorageRefused(`the server of ${shown} is PostgreSQL ${version}: version 13 or newer is needed`)
  if (encoding !== 'UTF8')
    throw new StorageRefused(
      `the database ${shown} has the encoding ${encoding}: one with UTF8 is needed, CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`,
    )
  if (commit === 'off')
    throw new StorageRefused(
      `the server of ${shown} has synchronous_commit off, so it would confirm what it can still lose: set it to on or local, for this user with ALTER ROLE … SET synchronous_commit = on`,
    )
}

async function tables(
  query: (text: string, values?: readonly unknown[]) => Promise<Row[]>,
  { shown }: Address,
  seed: string,
): Promise<string> {
  await query('select pg_advisory_xact_lock($1)', [MAKING])
  const names = (
    await query(
      `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'sandgate' and c.relkind in ('r', 'S', 'v', 'm', 'p')`,
    )
  ).map(({ name }) => String(name))
  if (names.length === 0) {
    for (const text of TABLES) await query(text)
    await query(`insert into sandgate.meta (key, value) values ('format', $1), ('seed', $2)`, [String(FORMAT), seed])
    return seed
  }
  const foreign = `the schema "sandgate" of ${shown} holds something else: use another database, or move it away with ALTER SCHEMA sandgate RENAME TO …`
  if (!['meta', 'epochs', 'nodes', 'worlds', 'log', 'parts'].every((name) => names.includes(name)))
    throw new StorageRefused(foreign)
  const rows = await query('select key, value from sandgate.meta').catch(() => [])
  const meta = new Map(rows.map(({ key, value }) => [key, String(value)]))
  const [format, kept] = [meta.get('format'), meta.get('seed')]
  if (format === undefined || kept === undefined) throw new StorageRefused(foreign)
  if (format !== String(FORMAT))
    throw new StorageRefused(
      `the worlds in ${shown} have format ${format}; this version of Sandgate reads format ${FORMAT}: use the version that wrote them, or another database`,
    )
  return kept
}

/** By SQLSTATE or by the code of Node. */
const WHY: Readonly<Record<string, (address: Address) => string>> = {
  '28P01': ({ user }) => `the password of the user "${user}" is wrong`,
  '28000': ({ user }) => `the user "${user}" may not log in, or not from here: see pg_hba.conf of the server`,
  '3D000': ({ database }) => `there is no database "${database}": CREATE DATABASE makes one`,
  '42501': ({ user }) => `the user "${user}" may not make a schema: GRANT CREATE ON DATABASE`,
  '25006': () => 'it is read-only, as a standby is',
  '53300': () => 'it has no connection left',
  '57P03': () => 'it is starting or stopping',
  ECONNREFUSED: () => 'nothing listens there',
  ENOTFOUND: () => 'there is no host of that name',
  EAI_AGAIN: () => 'the name of the host cannot be looked up now',
}

/** Why nothing can be stored, for people. */
export function problemOf(error: Error, address: Address): string {
  const { code } = error as { code?: string }
  const why = WHY[code ?? '']?.(address) ?? reason(error)
  return `the database ${address.shown} cannot be used: ${why}`
}

function reason(error: Error): string {
  const known = error instanceof NotConnected || error instanceof AnswerLost || error instanceof StatementRefused
  if (/password must be a string/.test(error.message)) return 'it asks for a password, and --data has none'
  if (/timeout expired|read timeout/i.test(error.message)) return 'it did not answer in time'
  return known ? error.message.split('\n', 1)[0]! : String(error)
}
