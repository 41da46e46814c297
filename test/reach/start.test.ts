// What a process refuses to start on, each in one line that says what to do; and that the database's password stands nowhere.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Cluster } from '../cluster.ts'
import { type Database, Postgres } from '../postgres.ts'
import { ask, refusedStart } from './node.ts'
import { Partner } from './partner.ts'
import { Proxy } from './proxy.ts'

let postgres: Postgres
beforeAll(async () => {
  postgres = await Postgres.open()
})
afterAll(() => postgres.close())

/** The line that a start with this URL ends with. */
async function refusal(url: string, ...flags: string[]): Promise<string> {
  const { status, stdout, stderr } = await refusedStart(['--data', url, ...flags])
  expect(status, stderr).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^sandgate: [^\n]+\n$/)
  const { password } = URL.canParse(url) ? new URL(url) : { password: '' }
  if (password !== '') expect(stderr).not.toContain(password)
  return stderr
}

function changed(url: string, change: (url: URL) => void): string {
  const other = new URL(url)
  change(other)
  return other.href
}

/** A database that a process has made its tables in. */
async function begun(): Promise<Database> {
  const database = await postgres.freshDatabase()
  const cluster = await Cluster.start(database, 1)
  await cluster.close()
  return database
}

test('a URL that is none, or names no database', async () => {
  expect(await refusal('postgres://sandgate:s3cr/et@127.0.0.1/sandgate')).toMatch(
    /--data .*expected postgres:\/\/USER:PASSWORD@HOST:PORT\/DATABASE/,
  )
  expect(await refusal('postgres://sandgate:s3cret@127.0.0.1')).toMatch(/--data names no database/)
})

test('a server that is not there, or answers nothing', async () => {
  const { url } = await postgres.freshDatabase()
  const gone = createServer().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address() as AddressInfo
  gone.close()
  await once(gone, 'close')
  expect(await refusal(changed(url, (other) => void (other.port = String(port))))).toMatch(
    new RegExp(`127\\.0\\.0\\.1:${port}/\\S+ cannot be used: nothing listens there`),
  )
  const network = await Proxy.open(url)
  onTestFinished(() => network.close())
  network.goSilent()
  expect(await refusal(network.urlOf(url))).toMatch(/did not answer in time/)
})

test('a wrong password, and a database that is not there', async () => {
  const { url } = await postgres.freshDatabase()
  const wrong = changed(url, (other) => void (other.password = 'wrong-password-of-a-test'))
  // A server of somebody else may let everybody in.
  if (postgres.isOurs) expect(await refusal(wrong)).toMatch(/the password of the user "\w+" is wrong/)
  expect(await refusal(changed(url, (other) => void (other.pathname = '/nowhere')))).toMatch(
    /there is no database "nowhere"/,
  )
})

test('a server that is too old', async () => {
  const { url } = await postgres.freshDatabase()
  const [{ number }] = (await postgres.query(`select current_setting('server_version_num') as number`)) as [any]
  const network = await Proxy.open(url)
  onTestFinished(() => network.close())
  network.lie(number, '120009')
  expect(await refusal(network.urlOf(url))).toMatch(/PostgreSQL \S+.*: version 13 or newer is needed/)
})

test('a server that confirms what it can still lose', async () => {
  const database = await postgres.freshDatabase()
  await database.query(`alter database ${database.name} set synchronous_commit = off`)
  expect(await refusal(database.url)).toMatch(/synchronous_commit off/)
})

test('a schema "sandgate" that is somebody else’s, and a user who may not make one', async () => {
  const database = await postgres.freshDatabase()
  await database.query('create schema sandgate')
  await database.query('create table sandgate.orders (id int)')
  expect(await refusal(database.url)).toMatch(/the schema "sandgate" of \S+ holds something else/)
  expect(await database.query(`select tablename from pg_tables where schemaname = 'sandgate'`)).toEqual([
    { tablename: 'orders' },
  ])

  const other = await postgres.freshDatabase()
  const role = `${other.name}_guest`
  await postgres.query(`create role ${role} login password 'guest-of-a-test'`)
  onTestFinished(() => void postgres.query(`drop role if exists ${role}`).catch(() => undefined))
  const guest = changed(other.url, (url) => {
    url.username = role
    url.password = 'guest-of-a-test'
  })
  expect(await refusal(guest)).toMatch(/may not make a schema: GRANT CREATE ON DATABASE/)
})

test('another seed, and a format that is newer', async () => {
  const database = await begun()
  expect(await refusal(database.url, '--seed', 'another')).toMatch(/was begun with the seed "sandgate"/)
  await database.query(`update sandgate.meta set value = '999' where key = 'format'`)
  expect(await refusal(database.url)).toMatch(/have format 999; this version of Sandgate reads format \d+/)
})

test('the password stands in no output, metric, journal, snapshot, recording or list', async () => {
  const database = await postgres.freshDatabase()
  const { password } = new URL(database.url)
  const cluster = await Cluster.start(database, 1)
  onTestFinished(() => cluster.close())
  const [{ node, network }] = cluster.members as [(typeof cluster.members)[0]]
  const partner = new Partner('quiet')
  await partner.json(node, 'PUT', '', {})
  await partner.allocate(node, 'first')
  // It has something to say about the database, and about somebody who sends its URL.
  network.goDown()
  await partner.call(node, 'cpg', {
    method: 'GET',
    path: `/v1/deposit-requests/1?url=${encodeURIComponent(database.url)}`,
  })
  network.mend()
  const said = [cluster.output()]
  for (const path of ['metrics', 'journal', 'worlds', 'rules', 'health'])
    said.push(JSON.stringify(await ask(node.port, { method: 'GET', path: `/_sandgate/${path}` })))
  for (const path of ['snapshot', 'recording', 'journal', 'callbacks'])
    said.push(JSON.stringify(await partner.control(node, 'GET', `/${path}`)))
  for (const text of said) expect(text).not.toContain(password)
  expect(cluster.output()).toMatch(/listening on/)
})
