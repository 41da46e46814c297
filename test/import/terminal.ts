// The same calls as they look in a terminal: commands for each shell, and what curl prints with -v, with -i, and alone.
import type { Spoken } from './traffic.ts'

const single = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
const url = ({ origin, request }: Spoken) => origin + request.path
const headersOf = ({ request }: Spoken) => Object.entries(request.headers ?? {})
const statusText = {
  200: 'OK',
  201: 'Created',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  422: 'Unprocessable Entity',
} as Readonly<Record<number, string>>
const date = ({ at }: Spoken) => new Date(at).toUTCString()
const dated = (call: Spoken): [string, string][] =>
  Object.entries(call.reply.headers).map(([name, value]) => [name, name === 'date' ? date(call) : value])

/** `curl -X POST …` with a line for each option, as documentation has it. */
export const bash = (call: Spoken, options = '') =>
  [
    `curl ${options}${options && ' '}-X ${call.request.method} ${single(url(call))}`,
    ...headersOf(call).map(([name, value]) => `  -H ${single(`${name}: ${value}`)}`),
    ...(call.request.body === undefined ? [] : [`  -d ${single(call.request.body)}`]),
  ].join(' \\\n')

/** One line, double quotes, values glued to their letters. */
export const oneLine = (call: Spoken) => {
  const double = (text: string) => `"${text.replace(/[\\"$`]/g, '\\$&')}"`
  const body = call.request.body === undefined ? '' : ` --data-binary=${double(call.request.body)}`
  return `user@laptop:~/shop$ curl -sSik -X${call.request.method} ${headersOf(call)
    .map(([name, value]) => `-H${double(`${name}:${value}`)}`)
    .join(' ')}${body} --url ${double(url(call))} | tee -a out.log`
}

/** Chrome's "Copy as cURL (bash)". */
export const chromeBash = (call: Spoken) => {
  const ansi = (text: string) =>
    /[^\x20-\x7e]|'/.test(text)
      ? `$'${text.replace(/[\\'\n]|[^\x20-\x7e]/g, (char) => (char === '\n' ? '\\n' : /[\\']/.test(char) ? `\\${char}` : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`))}'`
      : `'${text}'`
  const method =
    call.request.method === (call.request.body === undefined ? 'GET' : 'POST')
      ? []
      : [`  -X ${ansi(call.request.method)}`]
  return [
    `curl ${ansi(url(call))}`,
    ...method,
    ...headersOf(call).map(([name, value]) => `  -H ${ansi(`${name}: ${value}`)}`),
    `  -b ${ansi('session=0123456789abcdef')}`,
    ...(call.request.body === undefined ? [] : [`  --data-raw ${ansi(call.request.body)}`]),
    '  --compressed ;',
  ].join(' \\\n')
}

/** Chrome's "Copy as cURL (cmd)". */
export const chromeCmd = (call: Spoken) => {
  const quoted = (text: string) =>
    `^"${text
      .replaceAll('\\', '\\\\')
      .replaceAll('"', '\\"')
      .replace(/[^a-zA-Z0-9\s_\-:=+~'/.',?;()*`]/g, '^$&')}^"`
  return [
    `curl ${quoted(url(call))}`,
    `  -X ${call.request.method}`,
    ...headersOf(call).map(([name, value]) => `  -H ${quoted(`${name}: ${value}`)}`),
    ...(call.request.body === undefined ? [] : [`  --data-raw ${quoted(call.request.body)}`]),
    '  --insecure',
  ].join(' ^\r\n')
}

/** curl.exe in PowerShell, where quotes for programs want a backslash. */
export const powershell = (call: Spoken) =>
  [
    `PS C:\\shop> curl.exe -s --request ${call.request.method} "${url(call)}"`,
    ...headersOf(call).map(([name, value]) => `  --header '${`${name}: ${value}`.replaceAll("'", "''")}'`),
    ...(call.request.body === undefined
      ? []
      : [`  --data-raw '${call.request.body.replaceAll('"', '\\"').replaceAll("'", "''")}'`]),
  ].join(' `\r\n')

/** The body out of the text that follows. */
export const hereDocument = (call: Spoken) =>
  call.request.body === undefined
    ? bash(call)
    : `curl -X ${call.request.method} ${headersOf(call)
        .map(([name, value]) => `-H ${single(`${name}: ${value}`)}`)
        .join(
          ' ',
        )} --data-binary @- ${single(url(call))} <<'EOF'\n${JSON.stringify(JSON.parse(call.request.body), null, 2)}\nEOF`

/** What `curl -v` prints, with HTTP/2, to a terminal: the body has no line end of its own. */
export const verbose = (call: Spoken) =>
  [
    '* Host was resolved.',
    '*   Trying 192.0.2.7:443...',
    `* Connected to ${call.origin.slice(8)} (192.0.2.7) port 443`,
    '* using HTTP/2',
    `* [HTTP/2] [1] OPENED stream for ${url(call)}`,
    `> ${call.request.method} ${call.request.path} HTTP/2`,
    `> Host: ${call.origin.slice(8)}`,
    '> User-Agent: curl/8.5.0',
    '> Accept: */*',
    ...headersOf(call).map(([name, value]) => `> ${name}: ${value}`),
    ...(call.request.body === undefined ? [] : [`> Content-Length: ${Buffer.byteLength(call.request.body)}`]),
    '> ',
    ...(call.request.body === undefined
      ? []
      : [`} [${Buffer.byteLength(call.request.body)} bytes data]`, '* upload completely sent off']),
    '  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current',
    '                                 Dload  Upload   Total   Spent    Left  Speed',
    '  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0',
    '< HTTP/2 100 ',
    '< ',
    `< HTTP/2 ${call.reply.status} `,
    ...dated(call).map(([name, value]) => `< ${name}: ${value}`),
    '< ',
    `{ [${Buffer.byteLength(call.reply.text)} bytes data]`,
    `${call.reply.text}* Connection #0 to host ${call.origin.slice(8)} left intact`,
  ].join('\n')

/** What `curl -i` prints, with HTTP/1.1. */
export const included = (call: Spoken) =>
  [
    `HTTP/1.1 ${call.reply.status} ${statusText[call.reply.status]}`,
    ...dated(call).map(([name, value]) => `${name}: ${value}`),
    '',
    call.reply.text,
  ].join('\r\n')

/** Through jq, in colour. */
export const pretty = (call: Spoken) =>
  call.reply.json === undefined
    ? call.reply.text
    : JSON.stringify(call.reply.json, null, 2).replaceAll(/"(\w+)":/g, '\x1b[34;1m"$1"\x1b[0m:')
