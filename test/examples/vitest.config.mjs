// Here so that Vitest looks no further up: the examples run as a project of their own.
export default {}
