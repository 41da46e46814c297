// Where the browser is with which the console is tested: Chromium, as the machine has it. Where there is none these tests are left out, and the run says
// in one line what to install; where one is demanded (CI, or SANDGATE_TEST_BROWSER=required) they fail instead.
import { programOf } from '../programs.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The program; undefined: there is none. */
export const CHROMIUM = programOf(process.env.CHROMIUM ? [process.env.CHROMIUM] : NAMES)

/** Whether a run without a browser has to fail. */
export const DEMANDED = !!process.env.CI || process.env.SANDGATE_TEST_BROWSER === 'required'

/** Before all tests: says what is missing. */
export function setup(): void {
  if (CHROMIUM === undefined) console.log(missing())
}

/** What to do where there is no browser. */
export function missing(): string {
  const given = process.env.CHROMIUM ? `CHROMIUM=${process.env.CHROMIUM} is no program` : 'there is no Chromium'
  return `The tests of the console in a browser ${DEMANDED ? 'cannot run' : 'are left out'}: ${given}; apt-get install chromium, or set CHROMIUM to the path of one.`
}
