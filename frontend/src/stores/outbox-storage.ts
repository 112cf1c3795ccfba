/** Where the outbox outlives the page: one key per entry, so that tabs do not overwrite each other's. */
import { parseQueue, type Queue } from '@/domain/outbox'

const prefixOf = (accountId: string) => `todolist.outbox.${accountId}.`

export function loadQueue(accountId: string): Queue {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefixOf(accountId)))
  return parseQueue(keys.map((key) => localStorage.getItem(key) ?? ''))
}

/** Only what this tab changed is written: the others may be settled in another tab by now, and must not come back. */
export function saveQueue(accountId: string, before: Queue, after: Queue): void {
  const kept = new Set(after.map((entry) => entry.id))
  const known = new Set(before)
  try {
    for (const { id } of before) if (!kept.has(id)) localStorage.removeItem(prefixOf(accountId) + id)
    for (const entry of after) {
      if (!known.has(entry)) localStorage.setItem(prefixOf(accountId) + entry.id, JSON.stringify(entry))
    }
  } catch {
    // The storage is full or refused: what waits is sent all the same, as long as the page stays open.
  }
}

/** Tells which entries other tabs settle or discard, until it is called off. */
export function watchQueue(accountId: string, settled: (id: string) => void): () => void {
  const prefix = prefixOf(accountId)
  const changed = ({ key, newValue }: StorageEvent) => {
    if (newValue === null && key?.startsWith(prefix)) settled(key.slice(prefix.length))
  }
  window.addEventListener('storage', changed)
  return () => window.removeEventListener('storage', changed)
}
