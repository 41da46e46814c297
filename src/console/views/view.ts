// What every view is given.

export interface ViewOf {
  readonly world: string
  /** The parameters of the URL; `goWith` changes them. */
  readonly query: Readonly<Record<string, string>>
}
