// URLs of databases, as `--data` takes them.

const SCHEME = /^postgres(ql)?:/i

/** Whether a text names a database rather than a directory. */
export function isDatabase(data: string): boolean {
  return SCHEME.test(data)
}

/** What in the URL of a database lets somebody in, as it is written and as it is meant. */
export function passwordsIn(data: string): string[] {
  if (!isDatabase(data) || !URL.canParse(data)) return []
  const { password, searchParams } = new URL(data)
  return [password, decoded(password), searchParams.get('password') ?? ''].filter((text) => text !== '')
}

/** Without the percent signs of a URL; as it is, where they mean nothing. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
