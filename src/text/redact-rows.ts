// A stored row as people may read it: what lets somebody in is told by the name of its field, stands inside a text of JSON, or is known already.
import { hiding, isSecretHeader, secretsIn, UNSEEN } from './redact.ts'

/** The same row without secrets; `hide` takes out those that are known. */
export function withoutSecrets(row: object, hide: (text: string) => string): object {
  const own = new Set(textsOf(row).flatMap(secretsIn))
  const hideOwn = own.size === 0 ? (text: string) => text : hiding(new Map(), own, UNSEEN)
  return shown(row, (text) => hide(hideOwn(text))) as object
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}

function shown(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === 'string') return hide(value)
  if (Array.isArray(value)) return value.map((item) => shown(item, hide))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      hide(name),
      typeof item === 'string' && isSecretHeader(name.toLowerCase()) ? UNSEEN : shown(item, hide),
    ]),
  )
}
