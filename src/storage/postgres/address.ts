// The URL of a database, as `--data` takes it, and what may be told of it: never its password.
import { StorageRefused } from '../port.ts'

export interface Address {
  /** With its password: for the driver alone. */
  readonly url: string
  /** `host:port/database`, for people. */
  readonly shown: string
  readonly user: string
  readonly database: string
}

const SCHEME = /^postgres(ql)?:/i
const EXPECTED = 'expected postgres://USER:PASSWORD@HOST:PORT/DATABASE'

/** Whether `--data` names a database rather than a directory. */
export function isDatabase(data: string): boolean {
  return SCHEME.test(data)
}

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

/** What lets somebody in; undefined where there is no password in it. */
export function passwordsIn(data: string): string[] {
  if (!isDatabase(data) || !URL.canParse(data)) return []
  const { password, searchParams } = new URL(data)
  return [password, decoded(password), searchParams.get('password') ?? ''].filter((text) => text !== '')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
