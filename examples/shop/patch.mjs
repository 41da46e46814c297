// @ts-check
// Applies a unified diff to a folder, strictly: every line that it keeps or removes must be there once, in this order. No program is needed for it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @param {string} folder @param {string} diff */
export function patched(folder, diff) {
  for (const part of diff.split(/^--- /m).slice(1)) {
    const file = /^\+\+\+ (?:b\/)?(\S+)$/m.exec(part)?.[1]
    if (file === undefined) throw new Error('the diff names no file')
    let text = readFileSync(join(folder, file), 'utf8')
    for (const hunk of part.split(/^@@.*@@.*\n/m).slice(1)) {
      // An editor may have taken the blank off an empty line.
      const lines = hunk
        .trimEnd()
        .split('\n')
        .map((line) => line || ' ')
        .filter((line) => !line.startsWith('\\'))
      const side = (/** @type {string} */ sign) =>
        lines
          .filter((line) => line[0] === ' ' || line[0] === sign)
          .map((line) => `${line.slice(1)}\n`)
          .join('')
      const before = side('-')
      if (text.split(before).length !== 2) throw new Error(`the diff does not fit ${file}:\n${hunk}`)
      text = text.replace(before, () => side('+'))
    }
    writeFileSync(join(folder, file), text)
  }
}
