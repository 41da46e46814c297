// Lines to paste that choose an answer of a switch.

/** Of a config file. The value is quoted, because a bare 409 would be a number. */
export function configLineOf(id: string, value: string): string {
  return `assume: { ${id}: ${JSON.stringify(value)} }`
}

/** Of a shell: makes a world that answers so. */
export function worldLineOf(origin: string, token: boolean, id: string, value: string): string {
  return [
    `curl -X POST ${origin}/_sandgate/worlds`,
    ...(token ? ['-H "authorization: Bearer $SANDGATE_CONTROL_TOKEN"'] : []),
    "-H 'content-type: application/json'",
    `-d '${JSON.stringify({ assume: { [id]: value } })}'`,
  ].join(' \\\n  ')
}
