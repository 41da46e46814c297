// `verify`: whether calls of a kind were made, and how many.
import { withoutMark } from '../text/reading.ts'
import { ok, type Routes } from './http.ts'

export const verifyRoutes: Routes = {
  verify: async ({ engine, world, bytes }) => ok(await engine.verify(world, withoutMark(bytes).toString('utf8'))),
}
