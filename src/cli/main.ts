#!/usr/bin/env node
// The door of the command line: an old Node is told so before it meets anything that it cannot read. The commands are in program.ts.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > 20 || (major === 20 && minor >= 19)) {
  const { run } = await import('./program.ts')
  await run()
} else {
  console.error(`sandgate: Node 20.19 or newer is needed; this is ${process.versions.node}`)
  process.exitCode = 2
}
