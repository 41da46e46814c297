// JSON as people read it, made from the text that was sent: no digit of a number and no order of keys is changed.

/** Undefined where it is no JSON of more than one value, or is pretty already. Digits and the order of keys stay as they were sent. */
export function prettyJson(text: string): string | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  const pretty = indented(text)
  return pretty === text ? undefined : pretty
}

/** By its tokens, because reading numbers and writing them again would change them. */
function indented(text: string): string {
  let depth = 0
  const line = () => `\n${'  '.repeat(depth)}`
  return text.replace(
    /("(?:[^"\\]|\\.)*")|([{[])\s*([}\]])|([{[])|([}\]])|(,)|(:)|\s+/g,
    (all, string, empty, end, opens, closes, comma, colon) => {
      if (string) return string
      if (empty) return `${empty}${end}`
      if (opens) {
        depth++
        return `${opens}${line()}`
      }
      if (closes) {
        depth--
        return `${line()}${closes}`
      }
      if (comma) return `,${line()}`
      if (colon) return ': '
      return all.trim()
    },
  )
}
