// What a command line of curl asks for: one request for each URL in it. The words of the line are read by shell.ts, what was answered by transcript.ts.
import type { Pair } from './exchange.ts'

export interface CurlRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly Pair[]
  /** Undefined: it is in a file that cannot be had. */
  readonly body: Buffer | undefined
  /** Where redirects are followed. */
  readonly follows: boolean
  /** Whether the status is printed behind the body. */
  readonly printsStatus: boolean
}

/** Where a body may come from, beside the command itself; undefined: it is not there. */
export interface Sources {
  readonly file: (name: string) => Buffer | undefined
  readonly stdin: string | undefined
}

/** A file that the command names and that cannot be had. */
export class NoSuchFile extends Error {
  readonly file: string

  constructor(file: string) {
    super(`there is no ${file}`)
    this.file = file
  }
}

/** Letters that take no value; all others do. */
const SWITCHES = '012346aBfgGiIjJklLMnNOpqRsSvVZ#:'
const LONG_SWITCHES = new Set(
  (
    'anyauth append basic ca-native cert-status compressed compressed-ssh create-dirs crlf digest disable disable-eprt disable-epsv disallow-username-in-url doh-cert-status doh-insecure ' +
    'fail fail-early fail-with-body false-start form-escape ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc ftp-ssl-control get globoff haproxy-protocol head http0.9 http1.0 ' +
    'http1.1 http2 http2-prior-knowledge http3 http3-only ignore-content-length include insecure ipv4 ipv6 junk-session-cookies list-only location location-trusted mail-rcpt-allowfails manual ' +
    'metalink negotiate netrc netrc-optional next ntlm ntlm-wb parallel parallel-immediate path-as-is post301 post302 post303 progress-bar proxy-anyauth proxy-basic proxy-digest proxy-http2 ' +
    'proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tlsv1 proxytunnel raw remote-header-name remote-name remote-name-all remote-time ' +
    'remove-on-error retry-all-errors retry-connrefused sasl-ir show-error show-headers silent skip-existing socks5-basic socks5-gssapi socks5-gssapi-nec ssl ssl-allow-beast ' +
    'ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv2 sslv3 styled-output suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options tlsv1 tlsv1.0 tlsv1.1 ' +
    'tlsv1.2 tlsv1.3 tr-encoding trace-ids trace-time use-ascii verbose version xattr'
  ).split(' '),
)
const LONG: Readonly<Record<string, string>> = {
  X: 'request',
  H: 'header',
  d: 'data',
  G: 'get',
  I: 'head',
  u: 'user',
  b: 'cookie',
  A: 'user-agent',
  e: 'referer',
  T: 'upload-file',
  F: 'form',
  L: 'location',
  w: 'write-out',
  K: 'config',
  ':': 'next',
}

interface Option {
  /** Its long name; empty: a URL. */
  readonly name: string
  readonly value: string
}

/** Throws `NoSuchFile`. */
export function curlRequests(words: readonly string[], sources: Sources): CurlRequest[] {
  const groups: Option[][] = [[]]
  for (const option of optionsOf(words)) {
    if (option.name === 'next') groups.push([])
    else groups.at(-1)!.push(option)
  }
  return groups.flatMap((options) => requestsOf(options, sources))
}

function optionsOf(words: readonly string[]): Option[] {
  const found: Option[] = []
  const rest = [...words]
  const value = () => rest.shift() ?? ''
  for (let word = rest.shift(), isOver = false; word !== undefined; word = rest.shift()) {
    if (isOver || word === '-' || !word.startsWith('-')) found.push({ name: '', value: word })
    else if (word === '--') isOver = true
    else if (word.startsWith('--')) {
      const [, name, glued] = /^--([^=]*)(?:=(.*))?$/s.exec(word)!
      const isSwitch = LONG_SWITCHES.has(name!) || name!.startsWith('no-')
      found.push({ name: name!, value: isSwitch ? '' : (glued ?? value()) })
    } else {
      for (let at = 1; at < word.length; at++) {
        const letter = word[at]!
        const glued = word.slice(at + 1)
        const name = LONG[letter] ?? letter
        if (SWITCHES.includes(letter)) {
          found.push({ name, value: '' })
          continue
        }
        found.push({ name, value: glued === '' ? value() : glued.replace(/^=/, '') })
        break
      }
    }
  }
  return found
}

// rule: sandgate.import.curl
function requestsOf(options: readonly Option[], sources: Sources): CurlRequest[] {
  const all = (name: string) => options.filter((option) => option.name === name).map(({ value }) => value)
  const has = (name: string) => options.some((option) => option.name === name)
  const urls = [...all(''), ...all('url')]
  if (has('config')) throw new NoSuchFile(all('config')[0]!)
  const data = dataOf(options, sources)
  const inQuery = has('get')
  const queries = [
    ...(inQuery && data ? [data.toString('utf8')] : []),
    ...all('url-query').map((text) =>
      text.startsWith('+') ? text.slice(1) : urlEncoded(text, sources).toString('utf8'),
    ),
  ]
  const uploaded = all('upload-file')[0]
  const body =
    has('form') || has('form-string')
      ? undefined
      : inQuery
        ? Buffer.alloc(0)
        : uploaded !== undefined
          ? fileOf(uploaded, sources)
          : (data ?? Buffer.alloc(0))
  const method =
    all('request').at(-1) ??
    (has('head') ? 'HEAD' : uploaded !== undefined ? 'PUT' : body === undefined || (data && !inQuery) ? 'POST' : 'GET')
  return urls.map((url) => ({
    method: method.toUpperCase(),
    url: queries.length === 0 ? url : `${url}${url.includes('?') ? '&' : '?'}${queries.join('&')}`,
    headers: headersOf(options, data !== undefined && !inQuery),
    body,
    follows: has('location'),
    printsStatus: all('write-out').some((format) => /%\{(http|response)_code\}/.test(format)),
  }))
}

/** What `--data` and its kin make together; undefined: there is none of them. */
function dataOf(options: readonly Option[], sources: Sources): Buffer | undefined {
  const parts = options.flatMap(({ name, value }): Buffer[] => {
    if (name === 'data-raw') return [Buffer.from(value)]
    if (name === 'data-urlencode') return [urlEncoded(value, sources)]
    if (!['data', 'data-ascii', 'data-binary', 'json'].includes(name)) return []
    if (!value.startsWith('@')) return [Buffer.from(value)]
    const file = fileOf(value.slice(1), sources)
    // curl takes line ends out of a file that is not binary.
    return [
      name === 'data' || name === 'data-ascii'
        ? Buffer.from(file.toString('latin1').replace(/[\r\n\0]/g, ''), 'latin1')
        : file,
    ]
  })
  if (parts.length === 0) return undefined
  const isJson = options.some(({ name }) => name === 'json')
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 || isJson ? [part] : [Buffer.from('&'), part])))
}

function urlEncoded(text: string, sources: Sources): Buffer {
  const [, name = '', sign, content = ''] = /^([^=@]*)([=@])(.*)$/s.exec(text) ?? [undefined, '', '=', text]
  const value = sign === '@' ? fileOf(content, sources) : Buffer.from(content)
  const encoded = [...value]
    .map((byte) =>
      /[\w.~-]/.test(String.fromCharCode(byte)) && byte < 128
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')
  return Buffer.from(name === '' ? encoded : `${name}=${encoded}`)
}

function fileOf(name: string, { file, stdin }: Sources): Buffer {
  const found = name === '-' || name === '.' ? (stdin === undefined ? undefined : Buffer.from(stdin)) : file(name)
  if (!found) throw new NoSuchFile(name)
  return found
}

function headersOf(options: readonly Option[], hasData: boolean): Pair[] {
  const isJson = options.some(({ name }) => name === 'json')
  const given = options.flatMap(({ name, value }): Pair[] => {
    if (name === 'header') return headerIn(value)
    if (name === 'user') return [['authorization', `Basic ${Buffer.from(value).toString('base64')}`]]
    if (name === 'oauth2-bearer') return [['authorization', `Bearer ${value}`]]
    return name === 'cookie' && value.includes('=') ? [['cookie', value]] : []
  })
  const has = (name: string) => given.some(([named]) => named === name)
  const type = isJson ? 'application/json' : hasData ? 'application/x-www-form-urlencoded' : undefined
  const isRemoved = options.some(({ name, value }) => name === 'header' && /^content-type:\s*$/i.test(value))
  return [
    ...given,
    ...(type === undefined || has('content-type') || isRemoved ? [] : [['content-type', type] as const]),
    ...(isJson && !has('accept') ? [['accept', 'application/json'] as const] : []),
  ]
}

/** `Name: value`, or `Name;` for an empty one; `Name:` takes one away. */
function headerIn(text: string): Pair[] {
  const [, name, value = ''] = /^([^:;\s]+)(?::\s*(.*?)|;)\s*$/s.exec(text) ?? []
  return name === undefined || (value === '' && text.trimEnd().endsWith(':')) ? [] : [[name.toLowerCase(), value]]
}
