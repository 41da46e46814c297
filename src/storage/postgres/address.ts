// The URL of a database, as `--data` takes it, and what may be told of it: never its password.
import { decoded } from '../../text/databases.ts'
import { StorageRefused } from '../port.ts'

export interface Address {
  /** With its password: for the driver alone. */
  readonly url: string
  /** `host:port/database`, for people. */
  readonly shown: string
  readonly user: string
  readonly database: string
}

const EXPECTED = 'expected postgres://USER:PASSWORD@HOST:PORT/DATABASE'

/**
 * Reads the URL of a database. Throws `StorageRefused`.
 *
 * @example addressOf('postgres://sandgate:secret@db:5432/sandgate').shown // 'db:5432/sandgate'
 */
export function addressOf(data: string): Address {
  const url = URL.canParse(data) ? new URL(data) : undefined
  if (!url)
    throw new StorageRefused(
      `--data is not the URL of a database: ${EXPECTED}; in a user's name or password, / ? # @ : and % are percent-encoded`,
    )
  const { hostname, port, pathname, searchParams, username } = url
  const database = pathname.slice(1)
  // A socket's folder stands in the query.
  const host = hostname || searchParams.get('host')
  if (!host) throw new StorageRefused(`--data names no host: ${EXPECTED}`)
  if (database === '' || database.includes('/')) throw new StorageRefused(`--data names no database: ${EXPECTED}`)
  return {
    url: data,
    shown: `${host}:${port || searchParams.get('port') || 5432}/${decoded(database)}`,
    user: decoded(username),
    database: decoded(database),
  }
}
