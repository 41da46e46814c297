// One step on the way of a deposit or a withdrawal.

export interface Step {
  readonly name: string
  readonly is: 'done' | 'now' | 'ahead' | 'bad'
}
