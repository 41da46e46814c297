// The steps of the build that the program itself takes: build.mjs bundles this file with the program, runs it, and ships nothing of it.
export { copyDocuments } from '../src/contract/documents.ts'
export { writeSchemas } from '../src/cli/schema.ts'
