// Keeps one part of the page from spoiling the others: what cannot be drawn says so in its own place.
import { Component, type ComponentChildren } from 'preact'

interface Props {
  /** What cannot be drawn: "entry 17". */
  readonly what: string
  /** Draws the place of what failed; a row of a table has to be a row. */
  readonly instead?: (message: string) => ComponentChildren
  readonly children: ComponentChildren
}

/** Draws its children, or a sentence where one of them throws. */
export class Boundary extends Component<Props, { readonly failed: string | undefined }> {
  override state = { failed: undefined }

  static override getDerivedStateFromError(error: unknown): { failed: string } {
    return { failed: error instanceof Error ? error.message : String(error) }
  }

  override componentDidUpdate(before: Props): void {
    // Something else is to be drawn, which may be in order.
    if (before.what !== this.props.what && this.state.failed !== undefined) this.setState({ failed: undefined })
  }

  override render(): ComponentChildren {
    const { failed } = this.state
    const { what, instead, children } = this.props
    if (failed === undefined) return children
    const message = `${what} cannot be shown: ${failed}`
    return instead ? instead(message) : <p class="problem">{message}</p>
  }
}

interface RowProps {
  readonly what: string
  /** How many columns the table has. */
  readonly columns: number
  readonly children: ComponentChildren
}

/** The same around a row of a table: the sentence stands in its place, over all columns. */
export function RowBoundary({ what, columns, children }: RowProps) {
  return (
    <Boundary
      what={what}
      instead={(message) => (
        <tr>
          <td colSpan={columns} class="problem">
            {message}
          </td>
        </tr>
      )}
    >
      {children}
    </Boundary>
  )
}
