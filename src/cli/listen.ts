// Listening, saying so, and stopping when a signal comes.
import type { Sandbox } from '../app.ts'
import { UsageError } from '../engine/errors.ts'
import { readyText } from './ready.ts'

/** What is in flight gets this long after SIGTERM. */
const STOP_MS = 4_000
/** How often it is looked whether npm is still there. */
const LOOK_MS = 500

/** Listens, and says so. Whoever reads the ready line may send a signal at once, so signals are listened for before it. */
export async function listen(sandbox: Sandbox, port: number, host: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(sandbox))
  if (isChildOfNpm(process.env)) stopWithParent(sandbox, process.ppid)
  const url = await sandbox.listen(port, host).catch(async (error: NodeJS.ErrnoException) => {
    await sandbox.close()
    const why =
      error.code === 'EADDRINUSE'
        ? 'is taken; choose another one, or 0 for any free one'
        : `cannot be listened on: ${error.message}`
    throw new UsageError(`--port ${port} (--host ${host}) ${why}`)
  })
  console.log(readyText(sandbox, url, host))
}

function stop(sandbox: Sandbox): void {
  setTimeout(() => process.exit(0), STOP_MS).unref()
  void sandbox.close().then(() => process.exit(0))
}

// rule: sandgate.stop.npm
/**
 * `npm start` and `npx sandgate` hand a signal to a shell in between, which dies of it without a word to its child. Other scripts of npm are left
 * alone: one that puts a sandbox into the background wants it to stay.
 */
function isChildOfNpm({
  npm_lifecycle_event: event,
  npm_lifecycle_script: script = '',
  npm_package_name: name,
}: NodeJS.ProcessEnv): boolean {
  return event === 'start' ? name === 'sandgate' : event === 'npx' && /^'?sandgate'?(\s|$)/.test(script)
}

function stopWithParent(sandbox: Sandbox, parent: number): void {
  const looking = setInterval(() => {
    if (process.ppid === parent && isAlive(parent)) return
    clearInterval(looking)
    stop(sandbox)
  }, LOOK_MS).unref()
}

/** On Windows a child keeps the number of a parent that is gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
