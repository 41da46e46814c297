// `sandgate do`: every operation of the control API from the command line, made from its own document: parameters and fields of the body are flags. What
// the values mean, and whether they are right, is left to the sandbox.
import { Command, CommanderError, Option } from 'commander'
import { UsageError } from '../engine/errors.ts'
import { didYouMean } from '../text/suggest.ts'
import { askControl, type Place, placeFlags, tellRefusal } from './asking.ts'
import { givenBytes } from './given.ts'
import { bodyType, type Field, jsonOfField, type Operation, readControlOperations, valueName } from './operations.ts'
import { readable, terminalColumns } from './readable.ts'
import { jsonOf } from './where.ts'

interface Flags extends Place {
  readonly data?: string
  readonly json?: boolean
}

type Given = Readonly<Record<string, string | true | readonly string[] | undefined>>

export function define(command: Command): void {
  // What stands behind the operation is for it to read: it may have a field that is named as a flag of ours.
  command.parent?.enablePositionalOptions()
  command
    .usage('[flags] [OPERATION [--key value ...]]')
    .argument('[operation]', 'what is done; none: they are listed')
    .argument('[flags...]', 'its parameters and the fields of its body, and the flags below')
    .passThroughOptions()
    .addHelpText('after', () => `\n${listing(readControlOperations())}`)
    .action(async (name: string | undefined, args: string[]) => {
      const operations = readControlOperations()
      if (name === undefined) return console.log(listing(operations))
      const operation = operations.find(({ id }) => id === name)
      if (!operation)
        throw new UsageError(`there is no operation "${name}"${nearest(name, operations)}; sandgate do lists them`)
      const { own, flags } = await parsed(operation, args, command)
      await perform(operation, own, flags)
    })
  ownFlags(command, [])
}

/** The flags of the command itself, without those that an operation has as fields. */
function ownFlags(command: Command, taken: readonly string[]): Command {
  const flags = placeFlags(new Command())
    .addOption(new Option('--json', 'print the body as it was answered'))
    .addOption(
      new Option('-d, --data <body>', 'the whole body instead of flags for its fields; @FILE reads a file, @- stdin'),
    )
  for (const option of flags.options) if (!taken.includes(option.name())) command.addOption(option)
  return command
}

function listing(operations: readonly Operation[]): string {
  const width = Math.max(...operations.map(({ id }) => id.length))
  return [
    ...operations.map(({ id, summary }) => `${id.padEnd(width)}  ${summary}`),
    '',
    'sandgate do OPERATION --help lists its flags.',
  ].join('\n')
}

/** Capitals are often guessed wrong, and make a name look far from the right one. */
function nearest(name: string, operations: readonly Operation[]): string {
  const same = operations.find(({ id }) => id.toLowerCase() === name.replaceAll(/[-_]/g, '').toLowerCase())
  return same
    ? `; did you mean ${same.id}?`
    : didYouMean(
        name,
        operations.map(({ id }) => id),
      )
}

/** What the words behind the operation say: its own fields, and the flags of the command, which may stand before it too. */
async function parsed(
  operation: Operation,
  args: readonly string[],
  outer: Command,
): Promise<{ readonly own: Given; readonly flags: Flags }> {
  const names = operation.fields.map(({ name }) => name)
  const command = new Command(`sandgate do ${operation.id}`)
    .description(operation.summary)
    .usage('[--key value ...] [flags]')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .argument('[more...]')
    .optionsGroup('Fields:')
  for (const field of operation.fields) command.addOption(optionOf(field))
  command.optionsGroup('Flags, which may stand before the operation too:')
  ownFlags(command, names)
  const helped = commandHelp(command, operation, names)
  await helped.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
    if (!(error instanceof CommanderError) || error.code !== 'commander.unknownOption') throw error
    const wrong = /'(--?[^'=]*)/.exec(error.message)?.[1] ?? ''
    const known = helped.options.flatMap(({ long }) => long ?? [])
    throw new UsageError(`${wrong} is no flag of ${operation.id}${didYouMean(wrong, known)}`)
  })
  const [stray] = helped.args
  if (stray !== undefined)
    throw new UsageError(`"${stray}" is no flag; ${operation.id} takes ${listOf(operation.fields)}`)
  const values = helped.opts()
  const behind = Object.keys(values).filter((key) => helped.getOptionValueSource(key) === 'cli')
  return {
    own: Object.fromEntries(names.map((name) => [name, values[keyOf(name)]])),
    flags: {
      ...outer.opts<Flags>(),
      ...Object.fromEntries(
        behind.filter((key) => !names.some((name) => keyOf(name) === key)).map((key) => [key, values[key]]),
      ),
    },
  }
}

function commandHelp(command: Command, { bodyTypes }: Operation, names: readonly string[]): Command {
  command.helpOption('-h, --help', 'list these flags').configureHelp({ visibleArguments: () => [] })
  const shared = placeFlags(new Command()).options.filter((option) => names.includes(option.name()))
  const notes = [
    ...shared.map(
      (option) =>
        `--${option.name()} of sandgate itself stands before the operation here: sandgate do --${option.name()} … OPERATION.`,
    ),
    ...(bodyTypes.includes('application/yaml') ? ['The body may be YAML: -d @FILE.'] : []),
  ]
  return notes.length === 0 ? command : command.addHelpText('after', `\n${notes.join('\n')}`)
}

function optionOf(field: Field): Option {
  const { name, description, choices, types, repeats, required } = field
  const boolean = types.length === 1 && types[0] === 'boolean'
  const about = [
    description.replace(/\.$/, ''),
    choices && `one of ${choices.join(', ')}`,
    repeats && 'may be repeated',
    required && 'required',
  ].filter(Boolean)
  const option = new Option(boolean ? `--${name} [true|false]` : `--${name} <${valueName(field)}>`, about.join('; '))
  if (!repeats) return option
  return option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text])
}

/** The name under which commander keeps a flag: dashes make capitals. */
function keyOf(name: string): string {
  return new Option(`--${name} <value>`).attributeName()
}

function listOf(fields: readonly Field[]): string {
  return fields.length === 0 ? 'none' : fields.map(({ name }) => `--${name}`).join(', ')
}

// rule: sandgate.do
async function perform(operation: Operation, own: Given, flags: Flags): Promise<void> {
  if (operation.streams) throw new UsageError(`${operation.id} never ends; sandgate follow shows it`)
  checkGiven(operation, own, flags)
  const body = await bodyOf(operation, own, flags)
  const headers = {
    ...Object.fromEntries(
      operation.fields
        .filter(({ place }) => place === 'header')
        .flatMap(({ name }) => textsOf(own[name]).map((text) => [name, text])),
    ),
    ...(body && { 'content-type': bodyType(operation, body), 'content-length': String(body.length) }),
  }
  const answer = await askControl(flags, operation.method, targetOf(operation, own), headers, body)
  if (answer.status >= 300) return tellRefusal(answer.text)
  if (flags.json) {
    process.stdout.write(answer.text === '' || answer.text.endsWith('\n') ? answer.text : `${answer.text}\n`)
    return
  }
  const value = jsonOf(answer.text)
  const meaning = operation.meanings[answer.status]
  console.log(
    value !== undefined
      ? readable(value, terminalColumns())
      : answer.text === '' && meaning
        ? meaning
        : answer.text.trimEnd(),
  )
}

/** What has to be there before anything is asked. */
function checkGiven({ id, fields, bodyTypes, bodyRequired }: Operation, own: Given, { data }: Flags): void {
  const inBody = fields.filter(({ place, name }) => place === 'body' && own[name] !== undefined)
  if (data !== undefined && bodyTypes.length === 0) throw new UsageError(`${id} takes no body: -d cannot be given`)
  if (data !== undefined && inBody.length > 0)
    throw new UsageError(`-d is the whole body of ${id}; ${listOf(inBody)} cannot be given beside it`)
  const missing = fields.filter(
    ({ place, name, required }) => required && own[name] === undefined && (place !== 'body' || data === undefined),
  )
  if (missing.length > 0)
    throw new UsageError(
      `${id} needs ${listOf(missing)}; sandgate do ${id} --help tells what ${missing.length === 1 ? 'it is' : 'they are'}`,
    )
  if (bodyRequired && data === undefined && inBody.length === 0)
    throw new UsageError(`${id} needs a body: ${listOf(fields.filter(({ place }) => place === 'body'))}, or -d`)
}

async function bodyOf({ fields }: Operation, own: Given, { data }: Flags): Promise<Buffer | undefined> {
  if (data !== undefined) return givenBytes(data, '-d')
  const members: string[] = []
  for (const field of fields.filter(({ place }) => place === 'body')) {
    const given = own[field.name]
    if (given === undefined) continue
    const texts = textsOf(given)
    // One by one they are texts; a list of all of them is JSON.
    const json =
      field.repeats && !(texts.length === 1 && /^[[@]/.test(texts[0]!))
        ? JSON.stringify(texts)
        : await jsonOfField(field, texts[0]!)
    members.push(`${JSON.stringify(field.name)}:${json}`)
  }
  return members.length === 0 ? undefined : Buffer.from(`{${members.join(',')}}`)
}

function targetOf({ path, fields }: Operation, own: Given): string {
  const query = new URLSearchParams(
    fields
      .filter(({ place }) => place === 'query')
      .flatMap(({ name }) => textsOf(own[name]).map((text): [string, string] => [name, text])),
  ).toString()
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(textsOf(own[name])[0] ?? ''))
  return query === '' ? target : `${target}?${query}`
}

function textsOf(given: Given[string]): readonly string[] {
  if (given === undefined) return []
  // A flag without a value says yes.
  return given === true ? ['true'] : [given].flat()
}
