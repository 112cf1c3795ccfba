/** What a person leaves on this device: what was typed but not sent. Language and theme belong to the device itself. */

const KINDS = ['draft', 'outbox']

export function forgetPerson(accountId: string): void {
  const prefixes = KINDS.map((kind) => `todolist.${kind}.${accountId}.`)
  const keys = Object.keys(localStorage).filter((key) => prefixes.some((prefix) => key.startsWith(prefix)))
  for (const key of keys) localStorage.removeItem(key)
}
