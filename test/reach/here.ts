// Sandboxes on one database in this process, for what a process of its own cannot be told: another wall clock, small logs, no fence.
import { onTestFinished } from 'vitest'
import { findProviders, Sandbox } from '../../src/app.ts'
import type { SandboxOptions } from '../../src/options.ts'
import type { Database } from '../postgres.ts'
import type { Listener } from './balancer.ts'

export interface Here extends Listener {
  readonly sandbox: Sandbox
  /** What it said for people, bugs first of all. */
  readonly said: readonly string[]
  close(): Promise<void>
}

/** Listens on a free port, and is closed when the test is over. */
export async function here(name: string, database: Database, options: SandboxOptions = {}): Promise<Here> {
  const said: string[] = []
  const sandbox = await Sandbox.open(await findProviders(), {
    data: database.url,
    providers: { payward: { unusedAddresses: 1_000_000 } },
    warn: (line) => said.push(line),
    complain: (message, error) => said.push(`a bug: ${message} ${(error as Error | undefined)?.stack ?? ''}`),
    ...options,
  })
  const url = await sandbox.listen()
  const close = () => sandbox.close()
  onTestFinished(close)
  return { name, port: Number(new URL(url).port), sandbox, said, close }
}
