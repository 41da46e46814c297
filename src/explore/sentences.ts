// A scenario in words: what goes wrong, for the summary of its file and for the line that tells of a find.
import type { RuleInput, ScenarioInput, StepInput } from '../library/api.ts'

/** One sentence a rule or step. */
export function sentenceOf({ rules = [], timeline = [] }: ScenarioInput): string {
  const sentences = [...rules.map(ofRule), ...timeline.map(ofStep)]
  return sentences.length === 0 ? 'Nothing goes wrong.' : sentences.join(' ')
}

function ofRule({ when, then }: RuleInput): string {
  const { provider = 'every provider', operation = 'any operation', nth, times } = when
  const which =
    nth !== undefined
      ? `${ordinal(nth)} call`
      : times === undefined
        ? 'calls'
        : times === 1
          ? 'first call'
          : `first ${times} calls`
  return sentence(`the ${which} of ${operation} at ${provider}: ${then.map(ofAction).join('; ')}`)
}

function ofStep({ at, do: doing }: StepInput): string {
  const [name, fields] = Object.entries(doing)[0] as [string, any]
  const what: Readonly<Record<string, () => string>> = {
    callbacks: () => `callbacks of ${fields.provider}: ${ofCallbacks(fields)}`,
    outage: () =>
      `${fields.provider}${fields.operation === undefined ? '' : `'s ${fields.operation}`} is down for ${fields.for}${fields.drop === undefined ? '' : ', connections are cut'}`,
    deposit: () =>
      `${ofMoney(fields)} arrives at ${fields.address ?? `${fields.nth === undefined ? 'the newest address' : `the ${ordinal(fields.nth)} address`} of ${fields.provider}`}`,
    clock: () => `the clock leaps on by ${fields.by}`,
  }
  return sentence(`after ${at}, ${what[name]?.() ?? `${name}: ${JSON.stringify(fields)}`}`)
}

function ofAction(action: RuleInput['then'][number]): string {
  const { respond, delay, drop, corrupt, deposit, withdrawal, callbacks } = action
  if (drop)
    return drop.stage === 'after'
      ? 'the work is done and the answer is lost'
      : 'the connection is cut before anything is done'
  if (respond) {
    const what = respond.error ?? respond.status
    return respond.stage === 'after'
      ? `the work is done and the answer is ${what}`
      : `the answer is ${what}, and nothing is done`
  }
  if (corrupt) return `the work is done and the answer is damaged (${corrupt.how})`
  if (delay !== undefined)
    return `the answer comes ${typeof delay === 'string' ? delay : `${delay.min} to ${delay.max}`} late`
  if (deposit) {
    const { after, repeat = 1, outcome = 'confirmed' } = deposit
    const becomes = outcome === 'confirmed' ? '' : `, and is ${outcome === 'reorged' ? 'reorganised away' : outcome}`
    return `${ofMoney(deposit)} arrives at the address${after === undefined ? '' : ` ${after} later`}${repeat > 1 ? `, ${repeat} times` : ''}${becomes}`
  }
  if (withdrawal)
    return `the withdrawal is ${withdrawal.outcome}${withdrawal.stage === undefined ? '' : ` ${withdrawal.stage} its broadcast`}${withdrawal.after === undefined ? '' : ` for ${withdrawal.after}`}`
  if (callbacks) return `callbacks about what it made: ${ofCallbacks(callbacks)}`
  return Object.keys(action).join(', ')
}

const HOW: Readonly<Record<string, string>> = {
  duplicate: 'sent twice',
  delay: 'delayed',
  drop: 'never sent',
  reorder: 'overtaken by the next one',
  pause: 'held back',
  resume: 'sent again',
  'bad-signature': 'sent with a wrong signature',
  'stale-timestamp': 'sent with a timestamp an hour old',
}

function ofCallbacks({ how, times = 1, by }: NonNullable<RuleInput['then'][number]['callbacks']>): string {
  const which =
    how === 'pause' || how === 'resume' ? 'all are' : times > 1 ? `the next ${times} are` : 'the next one is'
  return `${which} ${HOW[how] ?? how}${by === undefined ? '' : ` by ${by}`}`
}

function ofMoney({ amount, currency, network, tag }: any): string {
  const what = [amount, currency].filter((part) => part !== undefined).join(' ')
  const where = network === undefined ? '' : ` on ${network}`
  return `a deposit of ${what}${where}${tag === null ? ' without a tag' : tag === undefined ? '' : ` with the tag ${tag}`}`
}

function ordinal(count: number): string {
  if (count < 4) return ['', 'first', 'second', 'third'][count]!
  const suffix = count % 100 >= 11 && count % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th')
  return `${count}${suffix}`
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`
}
