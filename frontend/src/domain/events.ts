/** Events of a topic applied to what is shown. An event of something deleted later carries id and version only. */
import type { EventFrame, Message } from '@/api/types'
import { type Collection, goneBefore, put, remove, type Versioned } from './collection'

/** True when the event holds the resource, not just the memory of it. */
export function holdsResource(frame: EventFrame): boolean {
  return Object.keys(frame.data).some((key) => key !== 'id' && key !== 'version')
}

/** `task.created`, `task.updated`, `task.deleted` and their like. */
export function applyEvent<T extends Versioned>(collection: Collection<T>, frame: EventFrame): Collection<T> {
  const data = frame.data as unknown as T
  if (/\.(deleted|removed)$/.test(frame.kind)) return remove(collection, data.id, frame.seq)
  return holdsResource(frame) ? put(collection, { ...data, version: frame.seq }) : collection
}

/** Members are known by their account. */
export function applyMemberEvent<T extends { account_id: string; version: number }>(
  collection: Collection<T & Versioned>,
  frame: EventFrame,
): Collection<T & Versioned> {
  const data = frame.data as unknown as T & { id?: string }
  if (frame.kind === 'member.removed') return remove(collection, data.account_id ?? data.id, frame.seq)
  return data.account_id ? put(collection, { ...data, id: data.account_id, version: frame.seq }) : collection
}

export const memberItem = <T extends { account_id: string; version: number }>(member: T): T & Versioned => ({
  ...member,
  id: member.account_id,
})

/** Messages keep their place when deleted; those older than what was paged in stay out until they are paged in. */
export function applyMessageEvent(
  messages: Collection<Message>,
  frame: EventFrame,
  oldest: number,
): Collection<Message> {
  const data = frame.data as unknown as Message
  if (frame.kind === 'message.deleted') {
    const known = messages.items[data.id]
    // A page under way may still hold its words. Its empty place, as of this event or later, may come.
    if (!known) return goneBefore(messages, data.id, frame.seq)
    return put(messages, { ...known, body: '', reactions: [], edited_at: null, deleted_at: frame.at, version: frame.seq })
  }
  if (!holdsResource(frame) || data.seq < oldest) return messages
  return put(messages, { ...data, version: frame.seq })
}
