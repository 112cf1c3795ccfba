/** Where the outbox outlives the page: one key per entry, so that tabs do not overwrite each other's. */
import { parseQueue, type Queue } from '@/domain/outbox'

const prefixOf = (accountId: string) => `todolist.outbox.${accountId}.`

export function loadQueue(accountId: string): Queue {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefixOf(accountId)))
  return parseQueue(keys.map((key) => localStorage.getItem(key) ?? ''))
}

export function saveQueue(accountId: string, before: Queue, after: Queue): void {
  const kept = new Set(after.map((entry) => entry.id))
  for (const { id } of before) if (!kept.has(id)) localStorage.removeItem(prefixOf(accountId) + id)
  for (const entry of after) localStorage.setItem(prefixOf(accountId) + entry.id, JSON.stringify(entry))
}
