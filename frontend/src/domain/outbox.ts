/** Creations waiting to be sent, in order. Ids are chosen here, so sending one twice creates it once. */
import type { NewMessage, NewTask } from '@/api/types'

interface Entry<Kind extends string, Body> {
  kind: Kind
  id: string
  /** The list or room it is created in. */
  place: string
  body: Body
  createdAt: string
  /** The code of the refusal; null while it waits. */
  failed: string | null
}

export type PendingMessage = Entry<'message', NewMessage>
export type PendingTask = Entry<'task', NewTask>
export type Pending = PendingMessage | PendingTask
export type Queue = readonly Pending[]

export const enqueue = (queue: Queue, entry: Pending): Queue =>
  queue.some((other) => other.id === entry.id) ? queue : [...queue, entry]

export const settle = (queue: Queue, id: string): Queue => queue.filter((entry) => entry.id !== id)

export const markFailed = (queue: Queue, id: string, code: string): Queue =>
  queue.map((entry) => (entry.id === id ? { ...entry, failed: code } : entry))

export const markWaiting = (queue: Queue, id: string): Queue =>
  queue.map((entry) => (entry.id === id ? { ...entry, failed: null } : entry))

/** The next one to send of a kind; those that were refused wait for the person. */
export const nextOf = (queue: Queue, kind: Pending['kind']): Pending | undefined =>
  queue.find((entry) => entry.kind === kind && !entry.failed)

/** What was stored, one text per entry; anything unreadable may come from an older build and is left behind. */
export function parseQueue(texts: readonly string[]): Queue {
  return texts
    .map(parseEntry)
    .filter((entry) => entry !== null)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

function parseEntry(text: string): Pending | null {
  try {
    const entry: unknown = JSON.parse(text)
    return isPending(entry) ? entry : null
  } catch {
    return null
  }
}

function isPending(entry: unknown): entry is Pending {
  const fields = entry as Partial<Pending> | null
  return (fields?.kind === 'message' || fields?.kind === 'task') && !!fields.id && !!fields.place && !!fields.body
}
