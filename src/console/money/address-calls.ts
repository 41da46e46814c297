// A first call of a provider that hands out an address, made from its contract: the page knows no provider by name.

/** What is read of an OpenAPI document. */
export interface Contract {
  readonly servers?: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

interface Operation {
  readonly operationId?: string
  readonly parameters?: readonly Part[]
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Part }>> }
}

/** A schema or a parameter; either may stand elsewhere in the document. */
interface Part {
  readonly $ref?: string
  readonly name?: string
  readonly in?: string
  readonly required?: boolean | readonly string[]
  readonly schema?: Part
  readonly example?: unknown
  readonly examples?: readonly unknown[]
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Part>>
}

export interface AddressCall {
  readonly method: string
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: readonly string[]
}

/** What stands where the contract has no example; whoever pastes the line has to fill it in. */
export const FILL_IN = '…'

/** The call that hands out an address; undefined: the contract has none that is known by its name. */
export function addressCall(contract: Contract): AddressCall | undefined {
  const base = (contract.servers?.[0]?.url ?? '').replace(/\/$/, '')
  for (const [path, methods] of Object.entries(contract.paths)) {
    const operation = methods.post
    if (!operation || !/^(create|take|allocate|new|make|request)(Deposit)?Address$/i.test(operation.operationId ?? ''))
      continue
    const parameters = (operation.parameters ?? []).map((part) => found(part, contract))
    return {
      method: 'POST',
      path:
        base +
        path.replace(/\{(\w+)\}/g, (_, name) => {
          const parameter = parameters.find((part) => part.in === 'path' && part.name === name)
          return encodeURI(String(valueOf(parameter?.schema ?? {}, contract)))
        }),
      body: bodyOf(operation, contract),
      headers: parameters
        .filter((part) => part.in === 'header' && part.required === true)
        .map(({ name, schema }) => `${name}: ${String(valueOf(schema ?? {}, contract, 'address-1'))}`),
    }
  }
  return undefined
}

/** The fields that have to be there. */
function bodyOf({ requestBody }: Operation, contract: Contract): Record<string, unknown> {
  const schema = found(requestBody?.content?.['application/json']?.schema ?? {}, contract)
  const required = Array.isArray(schema.required) ? (schema.required as readonly string[]) : []
  return Object.fromEntries(required.map((name) => [name, valueOf(schema.properties?.[name] ?? {}, contract)]))
}

function valueOf(part: Part, contract: Contract, otherwise: unknown = FILL_IN): unknown {
  const { example, examples, enum: choices } = found(part, contract)
  return part.examples?.[0] ?? example ?? examples?.[0] ?? choices?.[0] ?? otherwise
}

/** Where a reference leads to. */
function found(part: Part, { components = {} }: Contract): Part {
  const [, kind, name] = /^#\/components\/(\w+)\/([^/]+)$/.exec(part.$ref ?? '') ?? []
  return kind === undefined ? part : (components[kind]?.[name!] ?? {})
}
