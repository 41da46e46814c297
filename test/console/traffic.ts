// What an integrator's afternoon leaves behind in a sandbox: signed calls to all four providers, refusals, money, callbacks that were taken and callbacks
// that were not, faults. The tests of the console look at it.
import { client as alphapo } from '../clients/alphapo.ts'
import { allocation, client as cpg } from '../clients/cpg.ts'
import { client as payward } from '../clients/payward.ts'
import { client as zopay } from '../clients/zopay.ts'
import { type Client, Inbox, type Kit, type Request } from '../kit.ts'

/** A call of each provider that hands out an address. */
const CREATIONS: readonly (readonly [Client, () => Request])[] = [
  [cpg, cpg.good.createDepositAddress!],
  [zopay, zopay.good.createAddress!],
  [payward, payward.good.createDepositAddress!],
  [alphapo, alphapo.good.takeAddress!],
]

export interface Traffic {
  readonly inbox: Inbox
  /** Everything that must be seen nowhere. */
  readonly secrets: readonly string[]
  readonly addresses: readonly { readonly id: string; readonly address: string; readonly provider: string }[]
}

/** Makes it. */
export async function traffic(box: Kit): Promise<Traffic> {
  const inbox = await Inbox.open()
  // One in three is not taken, and tried again.
  inbox.answers = (_, index) => ({ status: index % 3 === 2 ? 503 : 200, body: `heard ${index}` })
  const secrets: string[] = []
  for (const { name } of box.sandbox.providers.values()) secrets.push(await box.subscribe(name, inbox))
  for (const [client, request] of CREATIONS) {
    await box.call(client, request())
    const unsigned: Record<string, string> = request().body === undefined ? {} : { 'content-type': 'application/json' }
    // Not signed, and signed for another text.
    await box.send(client.name, { ...request(), headers: { ...request().headers, ...unsigned } })
    const signed = client.sign(request(), box.wallMs)
    await box.send(client.name, { ...signed, body: signed.body && `${signed.body} ` })
    await box.call(client, { method: 'GET', path: '/matches/nothing' })
  }
  const again = allocation({ user_identifier: 'user_again', idempotency_key: 'once' })
  await box.call(cpg, again)
  await box.call(cpg, again)
  await box.control('POST', '/faults', {
    when: { provider: 'cpg', times: 1 },
    then: [{ respond: { error: 'unavailable' } }],
  })
  await box.call(cpg, allocation())
  const { data } = (await box.control('GET', '/addresses')).json
  for (const { address, tag } of data)
    await box.deposit(address, '12.5', { ...(tag && { tag }), confirmations: 'instant' })
  await box.advance('10m')
  for (const { address, tag } of data) await box.deposit(address, '12.5', { ...(tag && { tag }), after: '5m' })
  const hidden = [...box.sandbox.providers.values()].flatMap((provider) =>
    [...provider.demo, ...provider.credentials(box.world)].flatMap(({ key, secret }) => [key, secret]),
  )
  return { inbox, addresses: data, secrets: [...new Set([...secrets, ...hidden.filter((text) => !!text)])] as string[] }
}
