// The document behind something, by the last part of its address.

/** The page that says so, where it is on the web. */
export function Source({ source }: { readonly source: string }) {
  if (!/^https?:\/\//.test(source)) return <>{source}</>
  const last = source.split(/[/#?]/).findLast((part) => part !== '') ?? source
  return (
    <a href={source} title={source} target="_blank" rel="noreferrer">
      {last}
    </a>
  )
}
