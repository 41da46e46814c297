// What the user has to mend: one line, exit status 2. It stands alone so that the commands which need little load little.

/** The user's mistake, told in one line; the command line exits with 2. */
export class UsageError extends Error {}
