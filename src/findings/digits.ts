// An amount that went through a floating-point number on its way: it was sent as a JSON number with more digits than a double keeps.
import { exactJson, Written } from '../text/exact.ts'
import { type Detector, type Leaf, leavesOf } from './scene.ts'

/** How many decimal digits a double keeps, whatever they are. */
const DIGITS = 15
const AMOUNT =
  /(^|_)(amount|price|total|fee|quantity|value|balance|sum)s?$|[a-z](Amount|Price|Total|Fee|Quantity|Value|Balance|Sum)s?$/
/** A quick look: so many digits in a row, with at most a point between them. */
const MANY_DIGITS = /(?:\d\.?){16}/

// rule: sandgate.findings.number-lost-digits
export const numberLostDigits: Detector = {
  kind: 'number-lost-digits',
  begin({ contract }, tell) {
    return {
      see(entry, call) {
        if (!call || !MANY_DIGITS.test(call.text) || call.json === undefined) return
        const operation = call.documented
        const names = operation && contract(call.provider.name).shapeOf(operation)?.names
        for (const [path, value] of numbersOf(call.text)) {
          const inside = path.filter((part) => !/^\d+$/.test(part))
          const digits = digitsOf(value as string)
          if (!AMOUNT.test(inside.at(-1) ?? '') || digits <= DIGITS) continue
          // What the client keeps for itself at the provider is its own affair.
          if (!names || !inside.every((part) => names.has(part))) continue
          const field = path.join('.').slice(0, 100)
          tell({
            provider: call.provider.name,
            subject: `${call.name} ${field}`,
            says: `${call.name} sent ${field} as the JSON number ${(value as string).slice(0, 60)}, with ${digits} digits; a floating-point number keeps ${DIGITS}, so the last ones were lost or made up on the way.`,
            advice:
              'Keep amounts as decimal text, or as whole numbers of the smallest unit, from the database to the call, and send them as JSON strings.',
            entries: [entry.id],
          })
        }
      },
    }
  },
}

/** The numbers in a JSON text, as they are written. */
function* numbersOf(text: string): Generator<Leaf> {
  for (const [path, value] of leavesOf(exactJson(text), (inside) => !(inside instanceof Written))) {
    if (typeof value === 'number') yield [path, String(value)]
    else if (value instanceof Written && value.json !== undefined) yield [path, value.text]
  }
}

/** How many digits count in a number. */
function digitsOf(number: string): number {
  const [mantissa = ''] = number.split(/e/i)
  return mantissa.replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length
}
