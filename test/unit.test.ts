// The tests for the hand stay quick: none of them starts a process, nor does anything in test/ that they import.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { UNIT } from '../vitest.unit.config.ts'

const HERE = new URL('.', import.meta.url).href

/** The imports of a file, and of the files below `test` that it imports. */
function importsOf(url: URL, seen = new Set<string>()): Set<string> {
  for (const [, name] of readFileSync(url, 'utf8').matchAll(/\b(?:from |import ?\(?)'([^']+)'/g)) {
    const file = new URL(name!, url)
    if (!name!.startsWith('.') || !file.href.startsWith(HERE)) seen.add(name!)
    else if (!seen.has(file.href)) importsOf(file, seen.add(file.href))
  }
  return seen
}

test.each(UNIT)('%s starts no process', (path) => {
  expect([...importsOf(new URL(path, import.meta.url))]).not.toContain('node:child_process')
})
