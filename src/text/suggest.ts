// "Did you mean …?": the known name that is closest to the one somebody wrote.
import { closest } from 'fastest-levenshtein'

/** So many characters of a name are compared: a longer one is no misspelling. */
const COMPARED_CHARACTERS = 200

/** `; did you mean x?`, to put behind a sentence; empty when no names are known. */
export function didYouMean(name: string, known: readonly string[]): string {
  return known.length > 0 ? `; did you mean ${closest(name.slice(0, COMPARED_CHARACTERS), known)}?` : ''
}
