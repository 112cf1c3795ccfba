import { describe, expect, it } from 'vitest'
import type { EventFrame, Message, Task } from '@/api/types'
import { type Collection, emptyCollection, putAll, replaceAll } from './collection'
import { applyEvent, applyMemberEvent, applyMessageEvent, memberItem } from './events'

type Item = Pick<Task, 'id' | 'title' | 'version'>

const event = (seq: number, kind: string, data: Record<string, unknown>): EventFrame => ({
  op: 'event',
  topic: 'list:1',
  seq,
  kind,
  at: '2026-01-01T00:00:00Z',
  actor_id: null,
  data,
})

const message = (fields: Partial<Message>): Message =>
  ({ id: 'm', seq: 1, number: 1, body: 'hello', version: 1, deleted_at: null, reactions: [], ...fields }) as Message

describe('applyEvent', () => {
  it('puts and removes', () => {
    const created = applyEvent(emptyCollection<Item>(), event(1, 'task.created', { id: 'a', title: 'x', version: 1 }))
    expect(created.items.a?.title).toBe('x')
    expect(applyEvent(created, event(2, 'task.deleted', { id: 'a', version: 2 })).items).toEqual({})
  })

  it('ignores a creation of which only the memory is left', () => {
    const start = emptyCollection<Item>()
    expect(applyEvent(start, event(1, 'task.created', { id: 'a', version: 1 }))).toBe(start)
  })
})

describe('a snapshot and the events around it', () => {
  /** A random history of one list: what each event says, and the whole state after each. */
  function history(length: number, random: () => number) {
    const events: EventFrame[] = []
    const states: Item[][] = [[]]
    for (let seq = 1; seq <= length; seq += 1) {
      const state = [...states.at(-1)!]
      const index = Math.floor(random() * (state.length + 1))
      const known = state[index]
      if (known && random() < 0.4) {
        state.splice(index, 1)
        events.push(event(seq, 'task.deleted', { id: known.id, version: seq }))
      } else {
        const item = { id: known?.id ?? `t${seq}`, title: `at ${seq}`, version: seq }
        state.splice(index, 1, item)
        events.push(event(seq, known ? 'task.updated' : 'task.created', item))
      }
      states.push(state)
    }
    return { events, states }
  }

  /** Numbers that are random enough, and the same in every run. */
  function numbers(seed: number) {
    let value = seed
    return () => (value = (value * 48271) % 2147483647) / 2147483647
  }

  const sorted = (items: Item[]) => [...items].sort((a, b) => (a.id < b.id ? -1 : 1))

  it.each(Array.from({ length: 40 }, (_, seed) => seed + 1))('meet in the same state as a fresh load (%i)', (seed) => {
    const random = numbers(seed)
    const { events, states } = history(30, random)
    const read = Math.floor(random() * 30)
    const arrived = Math.floor(random() * 30)
    let collection: Collection<Item> = putAll(emptyCollection<Item>(), states[Math.min(read, 5)]!)
    const early = events.slice(Math.min(read, 5), arrived)
    for (const frame of early) collection = applyEvent(collection, frame)
    collection = replaceAll(collection, states[read]!, read)
    for (const frame of events.slice(Math.min(read, arrived))) collection = applyEvent(collection, frame)
    expect(sorted(Object.values(collection.items))).toEqual(sorted(states.at(-1)!))
  })
})

describe('applyMemberEvent', () => {
  const start = putAll(emptyCollection<ReturnType<typeof memberItem<{ account_id: string; version: number }>>>(), [
    memberItem({ account_id: 'ann', version: 1 }),
  ])

  it('knows members by their account', () => {
    const added = applyMemberEvent(start, event(2, 'member.put', { account_id: 'ben', version: 2 }))
    expect(Object.keys(added.items)).toEqual(['ann', 'ben'])
    expect(Object.keys(applyMemberEvent(added, event(3, 'member.removed', { id: 'ann', version: 3 })).items)).toEqual(['ben'])
  })

  it('ignores a member of whom only the memory is left', () => {
    expect(applyMemberEvent(start, event(2, 'member.put', { id: 'ben', version: 2 }))).toBe(start)
  })
})

describe('applyMessageEvent', () => {
  it('keeps the place of a deleted message, without its words', () => {
    const start = putAll(emptyCollection<Message>(), [message({ edited_at: '2026-01-01T00:00:00Z' })])
    const deleted = applyMessageEvent(start, event(5, 'message.deleted', { id: 'm', version: 5 }), 0)
    const gone = { body: '', edited_at: null, deleted_at: '2026-01-01T00:00:00Z', seq: 1, version: 5 }
    expect(deleted.items.m).toMatchObject(gone)
  })

  it('remembers the deletion of a message that a page under way still holds', () => {
    const deleted = applyMessageEvent(emptyCollection<Message>(), event(5, 'message.deleted', { id: 'm', version: 5 }), 0)
    expect(putAll(deleted, [message({ version: 4 })]).items).toEqual({})
    const place = message({ version: 5, body: '', deleted_at: '2026-01-01T00:00:00Z' })
    expect(putAll(deleted, [place]).items.m).toEqual(place)
  })

  it('leaves out an edit of a message that was not paged in', () => {
    const start = emptyCollection<Message>()
    const edited = message({ seq: 3, version: 60 })
    expect(applyMessageEvent(start, event(60, 'message.updated', { ...edited }), 40)).toBe(start)
    expect(applyMessageEvent(start, event(60, 'message.updated', { ...edited }), 2).items.m?.version).toBe(60)
  })
})
