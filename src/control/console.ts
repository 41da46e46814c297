// The console: a web page over the control API, served from files that `npm run build` made. It holds nothing of any world, so it needs no token; what
// it shows comes from the control API, which asks for one.
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import express, { type Request, type RequestHandler, type Response, Router } from 'express'
import { problemOf, SandgateError } from '../engine/errors.ts'
import { ROOT } from '../runtime/package.ts'
import { type GuardOptions, refuseControl } from './guard.ts'

const FOLDER = new URL('dist/console/', ROOT)

/** Where the page is, for every world. */
export const CONSOLE_PATH = '/_sandgate/console/'

/** Nothing from elsewhere, nothing inside of the page; `frame-ancestors`: no other page shows it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
]

/** Where the nonce of the styles that the editor makes stands in the page. */
const NONCE = '{{nonce}}'
const YEAR_SECONDS = 365 * 24 * 3600

// rule: sandgate.console.served
/** Serves the page, and leads browsers to it. */
export function consoleRouter(guard: Pick<GuardOptions, 'allowHosts'>): RequestHandler {
  const router = Router()
  const refuse: RequestHandler = (req, res, next) => {
    const refused = refuseControl(req.headers, { ...guard, token: undefined })
    if (refused) sendProblem(res, new SandgateError(refused.code, refused.detail))
    else next()
  }
  router.get('/', forBrowsers('/'))
  router.get(/^\/w\/([^/]+)\/_sandgate(?:\/|\/console(?:\/.*)?)?$/, refuse, (req, res, next) =>
    isBrowser(req) ? res.redirect(302, `${CONSOLE_PATH}w/${(req.params as Record<string, string>)[0]}/`) : next(),
  )
  router.get(/^\/_sandgate(?:\/|\/console)?$/, forBrowsers('/_sandgate/'))
  router.use(
    '/_sandgate/console/assets',
    refuse,
    // Names have a hash of what is in the file.
    express.static(fileURLToPath(new URL('assets/', FOLDER)), {
      immutable: true,
      maxAge: YEAR_SECONDS * 1000,
      index: false,
      setHeaders: (res) => void res.setHeader('x-content-type-options', 'nosniff'),
    }),
  )
  router.get(/^\/_sandgate\/console\/reference\/[a-z]+$/, refuse, (_req, res) => sendPage(res, 'reference.html', true))
  // Views have addresses of their own; a file that is not there has none.
  router.get(/^\/_sandgate\/console\/(?!assets\/)[^.]*$/, refuse, (_req, res) => sendPage(res, 'index.html', false))
  // Everything else, the methods of a path among it, is answered as without a console.
  return (req, res, next) => (req.method === 'GET' || req.method === 'HEAD' ? router(req, res, next) : next())
}

/** A program that asks for JSON is left to the control API. */
function isBrowser(req: Request): boolean {
  return req.headers.accept?.includes('text/html') ?? false
}

function forBrowsers(from: string): RequestHandler {
  return (req, res, next) =>
    isBrowser(req) && (from === '/' || req.path !== CONSOLE_PATH) ? res.redirect(302, CONSOLE_PATH) : next()
}

/** The viewer of the OpenAPI documents writes styles into its page, so it has one of its own, and a policy of its own. */
function sendPage(res: Response, name: string, inlineStyles: boolean): void {
  const file = new URL(name, FOLDER)
  if (!existsSync(file))
    return sendProblem(
      res,
      new SandgateError(
        'not_found',
        'the console has not been built: npm run build makes it; --no-console serves none',
      ),
    )
  const nonce = randomBytes(16).toString('base64url')
  const styles = inlineStyles ? "style-src 'self' 'unsafe-inline'" : `style-src 'self' 'nonce-${nonce}'`
  res
    .set({
      'content-security-policy': [...POLICY, styles].join('; '),
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    .type('text/html; charset=utf-8')
    .send(readFileSync(file, 'utf8').replaceAll(NONCE, nonce))
}

function sendProblem(res: Response, error: SandgateError): void {
  const body = problemOf(error)
  res.status(body.status).type('application/problem+json').send(JSON.stringify(body))
}
