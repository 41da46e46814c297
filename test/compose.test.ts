// deploy/compose.yaml, which nobody starts here: held against the image, the balancer's file, the options and the guard that it relies on.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { VARIABLES } from '../src/cli/environment.ts'
import { refuseControl } from '../src/control/guard.ts'

const DEPLOY = new URL('../deploy/', import.meta.url)
const { services, volumes } = parse(readFileSync(new URL('compose.yaml', DEPLOY), 'utf8'), { merge: true })
const nodes = Object.entries<any>(services).filter(([name]) => name.startsWith('node-'))
const image = readFileSync(new URL('../Dockerfile', DEPLOY), 'utf8')
const nginx = readFileSync(new URL('nginx.conf', DEPLOY), 'utf8')
const haproxy = readFileSync(new URL('haproxy.cfg', DEPLOY), 'utf8')

/** A value with its variables as they are where nobody has set one. */
function unset(text: string): string {
  return text.replace(/\$\{\w+:-([^}]*)\}/g, '$1')
}

describe('the processes', () => {
  test('are three of one kind, built from the Dockerfile, and known to both balancers by name and port', () => {
    const port = /\bSANDGATE_PORT=(\d+)/.exec(image)![1]!
    expect(nodes.map(([, node]) => node)).toEqual([nodes[0]![1], nodes[0]![1], nodes[0]![1]])
    expect(existsSync(new URL(`${nodes[0]![1].build}/Dockerfile`, DEPLOY))).toBe(true)
    expect(image).toContain(`EXPOSE ${port}`)
    const servers = nodes.map(([name]) => `${name}:${port}`)
    expect([...nginx.matchAll(/^ +server (\S+) max_fails=0;$/gm)].map(([, server]) => server)).toEqual(servers)
    expect([...haproxy.matchAll(/^ +server \S+ (\S+) id \d$/gm)].map(([, server]) => server)).toEqual(servers)
  })

  test('are given variables that there are, which say nothing unless somebody sets them', () => {
    for (const [, { environment }] of nodes) {
      for (const name of Object.keys(environment)) expect(VARIABLES).toContain(name)
      expect([environment.SANDGATE_ALLOW_HOST, environment.SANDGATE_CONTROL_TOKEN].map(unset)).toEqual(['', ''])
    }
  })

  test('reach the database as its service is set up, with its password', () => {
    const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: database } = services.postgres.environment
    for (const [, { environment }] of nodes) {
      expect(environment.SANDGATE_DATA).toBe(`postgres://${user}:${password}@postgres:5432/${database}`)
      expect(URL.canParse(unset(environment.SANDGATE_DATA))).toBe(true)
    }
    expect(password).toMatch(/^\$\{POSTGRES_PASSWORD:-\w+\}$/)
    // Nobody reaches it from outside, and it keeps what it has.
    expect(services.postgres.ports).toBeUndefined()
    expect(services.postgres.volumes).toEqual([`${Object.keys(volumes)[0]}:/var/lib/postgresql/data`])
  })

  test('are asked for health as the image asks', () => {
    const [, asked] = /^HEALTHCHECK .*CMD (\[.*\])$/m.exec(image)!
    for (const [, { healthcheck }] of nodes) expect(healthcheck.test).toEqual(['CMD', ...JSON.parse(asked!)])
  })
})

describe('nginx', () => {
  const [published] = services.nginx.ports
  const [mounted] = services.nginx.volumes

  test('has the file beside this one, and is published where it listens, on this machine alone', () => {
    const [source, target] = mounted.split(':')
    expect([existsSync(new URL(source, DEPLOY)), target]).toEqual([true, '/etc/nginx/nginx.conf'])
    const listens = /^ +listen (\d+);$/m.exec(nginx)![1]
    expect(unset(published)).toBe(`127.0.0.1:4010:${listens}`)
    expect(services.nginx.healthcheck.test.at(-1)).toBe(listens)
  })

  test('starts when its servers have names', () => {
    expect(services.nginx.depends_on).toEqual(
      Object.fromEntries(nodes.map(([name]) => [name, { condition: 'service_healthy' }])),
    )
  })

  test('leads to a control API that answers under the names that are printed, and under others once they are allowed', () => {
    // The Host of the client is the one that a process sees.
    expect(nginx).toContain('proxy_set_header Host $http_host;')
    const refused = (host: string, allowHosts: string[] = []) =>
      refuseControl({ host }, { allowHosts, token: undefined })
    for (const host of ['127.0.0.1:4010', 'localhost:4010', 'nginx:4010', 'cpg.ci-42.localhost:4010', '10.1.2.3'])
      expect([host, refused(host)]).toEqual([host, undefined])
    expect(refused('sandgate.example.com')?.detail).toContain('--allow-host sandgate.example.com')
    expect(refused('sandgate.example.com', ['sandgate.example.com'])).toBeUndefined()
  })
})

test('whoever is waited for says when it is well', () => {
  for (const service of Object.values<any>(services))
    for (const [name, { condition }] of Object.entries<any>(service.depends_on ?? {}))
      expect([name, condition, services[name].healthcheck.test[0]]).toEqual([name, 'service_healthy', 'CMD'])
})
