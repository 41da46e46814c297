// Places in one OpenAPI document: what stands at a JSON pointer, where a reference leads, and how a mistake there is told. What may stand where is left to
// schemas.ts and contract.ts.

/** One part of a path as a JSON pointer has it. */
export function escape(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1')
}

export class Pointers {
  readonly #document: any
  readonly #file: string

  constructor(document: any, file: string) {
    this.#document = document
    this.#file = file
  }

  /** The sentence for a document that cannot be honoured: the file, the place, and what is wrong there. */
  wrong(pointer: string, says: string): Error {
    return new Error(`${this.#file}: #${pointer} ${says}`)
  }

  at(pointer: string): any {
    let node = this.#document
    for (const part of pointer.split('/').slice(1)) {
      const name = part.includes('~') ? part.replaceAll('~1', '/').replaceAll('~0', '~') : part
      node = typeof node === 'object' && node !== null && Object.hasOwn(node, name) ? node[name] : undefined
    }
    return node
  }

  /** Goes through `$ref`s to where the thing itself stands. */
  follow(pointer: string): string {
    let at = pointer
    for (const seen = new Set([at]); ; seen.add(at)) {
      const ref = this.at(at)?.$ref
      if (typeof ref !== 'string') return at
      at = this.target(ref, at)
      if (seen.has(at)) throw this.wrong(pointer, `refers to itself: ${ref}`)
    }
  }

  /** Where the reference that stands there leads. */
  target(ref: string, from: string): string {
    if (!ref.startsWith('#'))
      throw this.wrong(
        from,
        `refers to "${ref}", which is another document: only references inside of this one ("#/components/\u2026") are read`,
      )
    if (!/^#(\/|$)/.test(ref))
      throw this.wrong(from, `refers to "${ref}": anchors are not read, only pointers such as "#/components/\u2026"`)
    const pointer = decoded(ref.slice(1))
    if (pointer === undefined || this.at(pointer) === undefined)
      throw this.wrong(from, `refers to "${ref}", where nothing stands`)
    return pointer
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
