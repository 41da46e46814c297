// Forms: labelled fields, the server's error beside the field that it is about, and a button that waits for the answer.
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import type { Problem } from '../api/client.ts'
import { ProblemNote } from './empty.tsx'

interface FieldProps {
  readonly label: string
  readonly value: string
  readonly change: (value: string) => void
  /** The name of the field in the control API: its error is shown here. */
  readonly name?: string
  readonly problem?: Problem | undefined
  readonly hint?: string
  readonly placeholder?: string
  readonly required?: boolean
  /** Choices; without them it is a line of text. */
  readonly choices?: readonly (string | readonly [value: string, label: string])[]
  readonly lines?: number
  readonly type?: 'text' | 'password' | 'search'
  readonly list?: readonly string[]
}

/** A labelled field. */
export function Field(props: FieldProps) {
  const {
    label,
    value,
    change,
    name,
    problem,
    hint,
    choices,
    lines,
    type = 'text',
    placeholder,
    required,
    list,
  } = props
  const id = useId()
  const wrong = isAbout(problem, name) ? problem!.message : undefined
  const shared = {
    id,
    value,
    required,
    placeholder,
    'aria-invalid': wrong !== undefined,
    'aria-describedby': hint === undefined && wrong === undefined ? undefined : `${id}-says`,
    onInput: (event: Event) => change((event.currentTarget as HTMLInputElement).value),
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {choices ? (
        <select {...shared}>
          {choices.map((choice) => {
            const [key, text] = typeof choice === 'string' ? [choice, choice] : choice
            return (
              <option key={key} value={key}>
                {text}
              </option>
            )
          })}
        </select>
      ) : lines ? (
        <textarea {...shared} rows={lines} spellcheck={false} />
      ) : type === 'password' ? (
        <input {...shared} type="password" autocomplete="off" />
      ) : (
        <input {...shared} type={type} autocomplete="off" spellcheck={false} list={list ? `${id}-list` : undefined} />
      )}
      {list && (
        <datalist id={`${id}-list`}>
          {list.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
      {(hint ?? wrong) !== undefined && (
        <p id={`${id}-says`} class={wrong ? 'wrong' : 'hint'}>
          {wrong ?? hint}
        </p>
      )}
    </div>
  )
}

/** Whether a problem is about this field: the control API names it, or its sentence begins with it. */
function isAbout(problem: Problem | undefined, name: string | undefined): boolean {
  if (!problem || name === undefined) return false
  if (problem.field !== undefined) return problem.field === name
  return new RegExp(`^(body[ .:]+)?${name}\\b`).test(problem.message)
}

interface FormProps {
  readonly submit: () => void
  readonly does: string
  readonly busy: boolean
  readonly problem?: Problem | undefined
  /** The fields that show their own errors. */
  readonly fields?: readonly string[]
  readonly danger?: boolean
  readonly more?: ComponentChildren
  readonly children: ComponentChildren
}

/** A form: Enter in a field presses its button. */
export function Form({ submit, does, busy, problem, fields = [], danger, more, children }: FormProps) {
  const beside = fields.some((name) => isAbout(problem, name))
  return (
    <form
      onSubmit={(event: Event) => {
        event.preventDefault()
        if (!busy) submit()
      }}
    >
      {children}
      {!beside && <ProblemNote problem={problem} />}
      <div class="buttons">
        <button type="submit" class={danger ? 'danger' : 'primary'} aria-disabled={busy}>
          {busy ? 'Working…' : does}
        </button>
        {more}
      </div>
    </form>
  )
}
