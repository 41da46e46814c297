// Every type of the library, for its own files; index.ts exports the same.
export type * from './checkpoints.ts'
export type * from './money.ts'
export type * from './options.ts'
export type * from './records.ts'
export type * from './sandbox.ts'
