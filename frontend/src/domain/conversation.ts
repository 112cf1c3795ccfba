/** Messages as they are read: one after the other, with days, groups of one author, and the line above what is new. */
import type { Message } from '@/api/types'
import type { PendingMessage } from './outbox'

export type Line =
  | { kind: 'day'; key: string; at: Date }
  | { kind: 'unread'; key: string }
  | { kind: 'activity'; key: string; message: Message }
  | { kind: 'message'; key: string; message: Message; continued: boolean }
  | { kind: 'pending'; key: string; entry: PendingMessage; continued: boolean }

/** Messages of one author within this time stand together. */
const TOGETHER = 5 * 60_000

export function linesOf(messages: readonly Message[], pending: readonly PendingMessage[], readUpTo: number | null): Line[] {
  const lines: Line[] = []
  let day = ''
  let unreadShown = readUpTo === null
  let previous: Message | null = null
  for (const message of messages) {
    const at = new Date(message.created_at)
    if (at.toDateString() !== day) {
      day = at.toDateString()
      previous = null
      lines.push({ kind: 'day', key: `day-${day}`, at })
    }
    if (!unreadShown && message.number !== null && message.number > readUpTo!) {
      unreadShown = true
      previous = null
      lines.push({ kind: 'unread', key: 'unread' })
    }
    if (message.kind === 'activity') lines.push({ kind: 'activity', key: message.id, message })
    else lines.push({ kind: 'message', key: message.id, message, continued: continues(previous, message) })
    previous = message.kind === 'message' && !message.deleted_at ? message : null
  }
  pending.forEach((entry, index) => lines.push({ kind: 'pending', key: entry.id, entry, continued: index > 0 }))
  return lines
}

function continues(previous: Message | null, message: Message): boolean {
  if (!previous || previous.author_id !== message.author_id || message.deleted_at) return false
  return Date.parse(message.created_at) - Date.parse(previous.created_at) < TOGETHER
}
