// `recording`: everything that happened in a world as a case file.
import { recordingOf } from '../casefile/record.ts'
import { ok, type Routes } from './http.ts'

export const recordingRoutes: Routes = {
  getRecording: async ({ engine, world }) => ok(await recordingOf(engine, world)),
}
