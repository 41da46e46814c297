// Where the browser is with which the console is tested: Chromium, as the machine has it. Where there is none these tests are left out, and the run says
// in one line what to install; where one is demanded (CI, or SANDGATE_TEST_BROWSER=required) they fail instead.
import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The program; undefined: there is none. */
export const CHROMIUM = found()

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

function found(): string | undefined {
  const { CHROMIUM: given, PATH = '' } = process.env
  const folders = PATH.split(delimiter).filter(Boolean)
  const places = (name: string) => (isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name)))
  return (given ? [given] : NAMES).flatMap(places).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
