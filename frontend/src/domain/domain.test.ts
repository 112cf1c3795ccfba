import { describe, expect, it } from 'vitest'
import type { Message } from '@/api/types'
import { linesOf } from './conversation'
import { daysUntil, fromInputs, toInputs } from './due'
import { byPosition, neighbourBefore } from './order'
import * as outbox from './outbox'
import { overlaid } from './overlay'

describe('order', () => {
  it('compares positions byte by byte, not by the reader’s alphabet', () => {
    const tasks = ['a', 'B', 'Z1', 'Z'].map((position) => ({ id: position, position }))
    expect(tasks.sort(byPosition).map((task) => task.position)).toEqual(['B', 'Z', 'Z1', 'a'])
  })

  it('names the neighbour that something is put behind', () => {
    expect(neighbourBefore(['a', 'b', 'c'], 'c', 0)).toBeNull()
    expect(neighbourBefore(['a', 'b', 'c'], 'a', 1)).toBe('b')
    expect(neighbourBefore(['a', 'b', 'c'], 'a', 2)).toBe('c')
    expect(neighbourBefore(['a', 'b', 'c'], 'a', 9)).toBe('c')
  })
})

describe('overlay', () => {
  const items = [{ id: 'a', done: false, title: 'x' }]

  it('lays changes over items in order, and goes away without a trace', () => {
    const changes = [
      { key: 1, id: 'a', fields: { done: true } },
      { key: 2, id: 'a', fields: { title: 'y' } },
    ]
    expect(overlaid(items, changes)).toEqual([{ id: 'a', done: true, title: 'y' }])
    expect(overlaid(items, [])).toEqual(items)
  })
})

describe('outbox', () => {
  const entry = (id: string, kind: 'message' | 'task' = 'message') =>
    ({ kind, id, place: 'p', body: { id, body: 'x', title: 'x' }, createdAt: '', failed: null }) as outbox.Pending

  it('keeps order, takes each id once, and lets the refused wait', () => {
    let queue: outbox.Queue = []
    for (const id of ['1', '2', '1']) queue = outbox.enqueue(queue, entry(id))
    queue = outbox.enqueue(queue, entry('3', 'task'))
    expect(queue.map(({ id }) => id)).toEqual(['1', '2', '3'])
    expect(outbox.nextOf(queue, 'message')?.id).toBe('1')
    queue = outbox.markFailed(queue, '1', 'forbidden')
    expect(outbox.nextOf(queue, 'message')?.id).toBe('2')
    expect(outbox.nextOf(outbox.markWaiting(queue, '1'), 'message')?.id).toBe('1')
    expect(outbox.nextOf(outbox.settle(queue, '3'), 'task')).toBeUndefined()
  })

  it('reads back what it can, in the order of the ids', () => {
    const texts = [JSON.stringify(entry('b')), 'not json', '{"kind":"other"}', JSON.stringify(entry('a'))]
    expect(outbox.parseQueue(texts).map(({ id }) => id)).toEqual(['a', 'b'])
  })
})

describe('due', () => {
  it('comes back from the inputs as it was', () => {
    expect(toInputs(fromInputs('2026-05-04', ''))).toEqual({ date: '2026-05-04', time: '' })
    expect(toInputs(fromInputs('2026-05-04', '09:30'))).toEqual({ date: '2026-05-04', time: '09:30' })
    expect(fromInputs('', '09:30')).toBeNull()
  })

  it('counts days by the calendar', () => {
    expect(daysUntil(new Date(2026, 4, 5, 0, 1), new Date(2026, 4, 4, 23, 59))).toBe(1)
    expect(daysUntil(new Date(2026, 4, 4, 0, 0), new Date(2026, 4, 4, 23, 59))).toBe(0)
  })
})

describe('linesOf', () => {
  const at = (minute: number, fields: Partial<Message> = {}): Message =>
    ({
      id: `m${minute}`,
      kind: 'message',
      seq: minute,
      number: minute,
      author_id: 'ann',
      body: 'x',
      deleted_at: null,
      created_at: new Date(2026, 0, 1, 12, minute).toISOString(),
      ...fields,
    }) as Message

  const kinds = (messages: Message[], readUpTo: number | null) => linesOf(messages, [], readUpTo).map(({ kind }) => kind)

  it('groups what one author says within minutes', () => {
    const lines = linesOf([at(1), at(2), at(9), at(10, { author_id: 'ben' })], [], null)
    expect(lines.flatMap((line) => (line.kind === 'message' ? [line.continued] : []))).toEqual([false, true, false, false])
  })

  it('draws a line for each day, and one above what is new', () => {
    const tomorrow = at(3, { created_at: new Date(2026, 0, 2, 12).toISOString() })
    expect(kinds([at(1), at(2), tomorrow], 1)).toEqual(['day', 'message', 'unread', 'message', 'day', 'message'])
    expect(kinds([at(1)], null)).toEqual(['day', 'message'])
  })
})
