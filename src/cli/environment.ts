// What the environment says of Sandgate: an empty variable says nothing, and a mistyped one is told. What a value means is left to the flag that it
// stands for.

/** Every variable there is: one for each flag that has one. */
export const VARIABLES: readonly string[] = [
  'ALLOW_CALLBACK_HOST',
  'ALLOW_HOST',
  'CLOCK',
  'CONFIG',
  'CONTROL_TOKEN',
  'DATA',
  'FSYNC',
  'HOST',
  'LOG',
  'LOG_LEVEL',
  'NO_CONSOLE',
  'PORT',
  'SCENARIO',
  'SEED',
  'STRICT',
  'URL',
  'WORLD',
].map((name) => `SANDGATE_${name}`)

/** Variables of the project's own tests. */
const OF_TESTS = /^SANDGATE_(TEST_|KILL_)/
/** What Kubernetes, and Docker with links, set for containers that see a service named sandgate. */
const OF_SERVICES = /^SANDGATE_(SERVICE_|PORT_\d)/
/** What `explore` and `prove` tell the command that they run. */
const OF_RUNS = /^SANDGATE_[A-Z0-9]+_(URL|KEY|SECRET|ACCOUNT)$/
const SERVICE_PORT = /^(tcp|udp):\/\//

// rule: sandgate.environment
/** Takes out what says nothing; returns the names that nobody knows. */
export function cleanEnvironment(env: NodeJS.ProcessEnv): string[] {
  // Compose makes an empty variable of one that is not set.
  for (const name of VARIABLES) if (env[name] === '') delete env[name]
  if (SERVICE_PORT.test(env.SANDGATE_PORT ?? '')) delete env.SANDGATE_PORT
  // To commander a variable is a flag that is there, whatever it says.
  for (const name of ['SANDGATE_STRICT', 'SANDGATE_FSYNC', 'SANDGATE_NO_CONSOLE'])
    if (/^(0|no|off|false)$/i.test(env[name] ?? '')) delete env[name]
  return Object.keys(env).filter(
    (name) =>
      name.startsWith('SANDGATE_') &&
      !VARIABLES.includes(name) &&
      !OF_TESTS.test(name) &&
      !OF_SERVICES.test(name) &&
      !OF_RUNS.test(name),
  )
}
