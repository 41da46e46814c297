// How a host and a bearer token may be written, wherever somebody gives one.

/** A host as a `Host` header or a URL names it, lower case: a name or an address, without scheme, port or path. */
export const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$|^[0-9a-f:]*:[0-9a-f:.]*$/
/** What a header can carry behind the word Bearer. */
export const TOKEN = /^[!-~]+$/
