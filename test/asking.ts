// Control calls of tests, each answer judged by the control API's own document.
import { expect } from 'vitest'
import { Contract } from '../src/contract/contract.ts'
import type { Kit, Reply } from './kit.ts'

const contract = new Contract('sandgate', new URL('../specs/sandgate.yaml', import.meta.url).pathname)

/** A control call of a world, the default one unless named. A text goes out as it is, anything else as JSON. */
export async function ask(
  box: Kit,
  method: string,
  path: string,
  body?: unknown,
  { world, type = 'application/json' }: { world?: string; type?: string } = {},
): Promise<Reply> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const reply = await box.raw(
    method,
    `${world === undefined ? '' : `/w/${world}`}/_sandgate${path}`,
    text === undefined ? {} : { 'content-type': type },
    text,
  )
  const match = contract.match(method, `/_sandgate${path.split('?', 1)[0]}`)
  expect(match, `${method} ${path} is in specs/sandgate.yaml`).toBeDefined()
  const told = reply.text === '' ? undefined : (reply.json ?? reply.text)
  expect(
    contract.judgeAnswer(match!.operation, reply.status, reply.headers['content-type']?.split(';', 1)[0], told),
    `${method} ${path}: ${reply.text}`,
  ).toEqual([])
  return reply
}

/** The rows of a list. */
export async function rows(box: Kit, path: string, world?: string): Promise<any[]> {
  const reply = await ask(box, 'GET', path, undefined, world === undefined ? {} : { world })
  expect(reply.status, reply.text).toBe(200)
  return reply.json.data
}
