import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ClientFrame, EventFrame, ServerFrame } from '@/api/types'
import { Topics } from './topics'

const TOPIC = 'list:1'

const event = (seq: number): EventFrame => ({
  op: 'event', topic: TOPIC, seq, kind: 'task.updated', at: '2026-01-01T00:00:00Z', actor_id: null, data: {},
})

const subscribed = (seq: number, recovered = true, epoch = 'e1'): ServerFrame => ({
  op: 'subscribed', topic: TOPIC, seq, epoch, recovered,
})

describe('Topics', () => {
  let connected = true
  let sent: ClientFrame[] = []
  let topics: Topics
  const handler = { event: vi.fn(), reset: vi.fn(), ended: vi.fn(), live: vi.fn() }

  beforeEach(() => {
    connected = true
    sent = []
    Object.values(handler).forEach((mock) => mock.mockReset())
    topics = new Topics((frame) => {
      if (connected) sent.push(frame)
      return connected
    })
  })

  const seqs = () => handler.event.mock.calls.map(([frame]) => (frame as EventFrame).seq)

  it('asks for everything from now on, then resumes from the last event', () => {
    topics.follow(TOPIC, handler)
    topics.receive(subscribed(5))
    topics.receive(event(6))
    connected = false
    topics.pause()
    connected = true
    topics.resume()
    expect(sent).toEqual([
      { op: 'subscribe', topic: TOPIC },
      { op: 'subscribe', topic: TOPIC, after: 6, epoch: 'e1' },
    ])
    expect(seqs()).toEqual([6])
  })

  it('handles each event once, however often it comes', () => {
    topics.follow(TOPIC, handler)
    topics.receive(subscribed(5))
    for (const seq of [6, 6, 5, 7, 6]) topics.receive(event(seq))
    expect(seqs()).toEqual([6, 7])
  })

  it('asks again after a hole, and handles nothing before the answer', () => {
    topics.follow(TOPIC, handler)
    topics.receive(subscribed(5))
    topics.receive(event(8))
    topics.receive(event(9))
    expect(sent.at(-1)).toEqual({ op: 'subscribe', topic: TOPIC, after: 5, epoch: 'e1' })
    topics.receive(subscribed(9))
    for (const seq of [6, 7, 8, 9]) topics.receive(event(seq))
    expect(seqs()).toEqual([6, 7, 8, 9])
  })

  it('starts where a snapshot was read, when the subscription begins later than that', () => {
    topics.follow(TOPIC, handler)
    topics.seed(TOPIC, { seq: 3, epoch: 'e1' })
    topics.receive(subscribed(5))
    expect(sent.at(-1)).toEqual({ op: 'subscribe', topic: TOPIC, after: 3, epoch: 'e1' })
    topics.receive(subscribed(5))
    topics.receive(event(4))
    expect(seqs()).toEqual([4])
  })

  it('goes back to where a snapshot was read, when that arrives after the subscription began later', () => {
    topics.follow(TOPIC, handler)
    topics.receive(subscribed(11))
    topics.receive(event(12))
    topics.seed(TOPIC, { seq: 10, epoch: 'e1' })
    expect(sent.at(-1)).toEqual({ op: 'subscribe', topic: TOPIC, after: 10, epoch: 'e1' })
    topics.receive(subscribed(12))
    for (const seq of [11, 12]) topics.receive(event(seq))
    expect(seqs()).toEqual([12, 11, 12])
    topics.seed(TOPIC, { seq: 9, epoch: 'e1' })
    expect(sent).toHaveLength(2)
  })

  it('goes on as it is when the snapshot has all from before the subscription', () => {
    topics.follow(TOPIC, handler)
    topics.receive(subscribed(11))
    topics.receive(event(12))
    topics.seed(TOPIC, { seq: 11, epoch: 'e1' })
    expect(sent).toHaveLength(1)
    expect(topics.position(TOPIC)).toEqual({ seq: 12, epoch: 'e1' })
  })

  it('lets the server say what to do when the snapshot is of another log', () => {
    topics.follow(TOPIC, handler)
    topics.receive(subscribed(2, true, 'e2'))
    topics.seed(TOPIC, { seq: 40, epoch: 'e1' })
    expect(sent.at(-1)).toEqual({ op: 'subscribe', topic: TOPIC, after: 40, epoch: 'e1' })
    topics.receive(subscribed(2, false, 'e2'))
    expect(handler.reset).toHaveBeenLastCalledWith(false)
  })

  it('starts where a snapshot was read while there was no connection', () => {
    connected = false
    topics.follow(TOPIC, handler)
    topics.seed(TOPIC, { seq: 3, epoch: 'e1' })
    connected = true
    topics.resume()
    expect(sent).toEqual([{ op: 'subscribe', topic: TOPIC, after: 3, epoch: 'e1' }])
  })

  it('has the state read again when what was missed cannot be replayed, and goes on from there', () => {
    topics.follow(TOPIC, handler)
    topics.receive(subscribed(5))
    topics.receive(subscribed(4000, false))
    expect(handler.reset).toHaveBeenLastCalledWith(true)
    topics.receive(event(4001))
    topics.receive(subscribed(2, false, 'e2'))
    expect(handler.reset).toHaveBeenLastCalledWith(false)
    topics.receive(event(3))
    expect(seqs()).toEqual([4001, 3])
    expect(topics.position(TOPIC)).toEqual({ seq: 3, epoch: 'e2' })
  })

  it('forgets a topic whose access ended or was refused', () => {
    topics.follow(TOPIC, handler)
    topics.receive(subscribed(5))
    topics.receive({ op: 'unsubscribed', topic: TOPIC, reason: 'removed' })
    topics.receive(event(6))
    topics.resume()
    expect(handler.ended).toHaveBeenCalledOnce()
    expect(seqs()).toEqual([])
    topics.follow(TOPIC, handler)
    topics.receive({ op: 'error', ref_op: 'subscribe', topic: TOPIC, code: 'not-found', detail: '' })
    expect(handler.ended).toHaveBeenCalledTimes(2)
  })

  it('shares one subscription among its followers', () => {
    const other = { event: vi.fn(), reset: vi.fn() }
    const first = topics.follow(TOPIC, handler)
    const second = topics.follow(TOPIC, other)
    topics.receive(subscribed(5))
    topics.receive(event(6))
    first()
    expect(sent).toHaveLength(1)
    second()
    expect(sent.at(-1)).toEqual({ op: 'unsubscribe', topic: TOPIC })
    expect([handler.event, other.event].map((mock) => mock.mock.calls.length)).toEqual([1, 1])
  })
})
