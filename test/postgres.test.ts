// The PostgreSQL of the tests is a real one: durable, behind a password, and it comes back after a crash.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Postgres } from './postgres.ts'

let postgres: Postgres
beforeAll(async () => {
  postgres = await Postgres.open()
})
afterAll(() => postgres.close())

test('each test has a database of its own, on a disk that is written to', async () => {
  const [one, other] = [await postgres.freshDatabase(), await postgres.freshDatabase()]
  await one.query('create table kept (name text)')
  expect(await other.query("select 1 from pg_tables where tablename = 'kept'")).toEqual([])
  const [settings] = await one.query(
    "select current_setting('fsync') fsync, current_setting('server_version_num')::int v",
  )
  expect(settings).toEqual({ fsync: 'on', v: expect.any(Number) })
})

test('what was committed outlives a crash, and a paused server answers later', async ({ skip }) => {
  if (!postgres.isOurs) skip('SANDGATE_TEST_POSTGRES names a server that is not ours to stop')
  const { query } = await postgres.freshDatabase()
  await query('create table kept (name text)')
  await query("insert into kept values ('one')")
  await postgres.restart('immediate')
  expect(await query('select name from kept')).toEqual([{ name: 'one' }])
  expect(postgres.log()).toContain('database system was not properly shut down')
  await postgres.restart('fast')

  const order: string[] = []
  postgres.pause()
  const asked = query('select name from kept').then((rows) => order.push(rows[0]!.name))
  order.push('paused')
  postgres.resume()
  await asked
  expect(order).toEqual(['paused', 'one'])
})
