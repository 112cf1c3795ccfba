import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeSocket, MINUTE, readyIn } from '@/test/fake-socket'
import { backoff } from './backoff'
import { LiveSocket, type LiveState } from './socket'

const READY_WITHIN = 15_000

describe('LiveSocket', () => {
  let sockets: FakeSocket[] = []
  let states: LiveState[] = []
  let live: LiveSocket
  const token = vi.fn<(lifetime: number) => Promise<string>>()
  const renew = vi.fn<() => Promise<boolean>>()
  const current = () => sockets.at(-1)!

  beforeEach(() => {
    vi.useFakeTimers()
    sockets = []
    states = []
    token.mockReset().mockResolvedValue('token')
    renew.mockReset().mockResolvedValue(true)
    live = new LiveSocket({
      url: 'ws://here',
      token,
      renew,
      onState: (state) => states.push(state),
      random: () => 1,
      connect: () => {
        sockets.push(new FakeSocket())
        return current()
      },
    })
  })

  afterEach(() => {
    live.stop()
    vi.useRealTimers()
  })

  async function connect(): Promise<void> {
    current().open()
    await vi.advanceTimersByTimeAsync(0)
    current().says(readyIn())
  }

  /** The server ends the connection, and the next timer runs, if there is one. */
  async function endedBy(code: number): Promise<void> {
    current().ends(code)
    await vi.advanceTimersByTimeAsync(0)
    await vi.advanceTimersToNextTimerAsync()
  }

  it('authenticates first and subscribes when it is ready', async () => {
    live.follow('user:me', { event: vi.fn(), reset: vi.fn() })
    live.start()
    await connect()
    expect(current().sent).toEqual([
      { op: 'auth', token: 'token' },
      { op: 'subscribe', topic: 'user:me' },
    ])
    expect(states).toEqual(['connecting', 'ready'])
  })

  it('gives up a connection that never gets ready', async () => {
    live.start()
    current().open()
    await vi.advanceTimersByTimeAsync(READY_WITHIN)
    expect(current().closed).toBe(true)
    expect(states.at(-1)).toBe('waiting')
    await vi.advanceTimersByTimeAsync(1000)
    expect(sockets).toHaveLength(2)
    await connect()
    await vi.advanceTimersByTimeAsync(READY_WITHIN)
    expect(states.at(-1)).toBe('ready')
  })

  it('gives up a connection that never opens', async () => {
    live.start()
    await vi.advanceTimersByTimeAsync(16_000)
    expect(sockets).toHaveLength(2)
  })

  it.each([1006, 1001, 4001, 4002, 4004])('comes back after %i', async (code) => {
    live.start()
    await connect()
    current().ends(code)
    expect(states.at(-1)).toBe('waiting')
    await vi.advanceTimersByTimeAsync(1000)
    expect(sockets).toHaveLength(2)
  })

  it.each([4501, 4503])('stays away after %i', async (code) => {
    live.start()
    await connect()
    current().ends(code)
    await vi.advanceTimersByTimeAsync(10 * MINUTE)
    expect(states.at(-1)).toBe('refused')
    expect(sockets).toHaveLength(1)
  })

  it('asks auth when its session is refused, and comes back only with a new token', async () => {
    live.start()
    await connect()
    current().ends(4500)
    await vi.advanceTimersByTimeAsync(1000)
    expect(sockets).toHaveLength(2)
    renew.mockResolvedValue(false)
    current().ends(4500)
    await vi.advanceTimersByTimeAsync(10 * MINUTE)
    expect(states.at(-1)).toBe('refused')
    expect(sockets).toHaveLength(2)
  })

  it('does not wait with a new token, however long it was away', async () => {
    live.start()
    for (const wait of [1000, 2000, 4000]) {
      current().ends(1006)
      await vi.advanceTimersByTimeAsync(wait)
    }
    current().ends(4500)
    await vi.advanceTimersByTimeAsync(1000)
    expect(sockets).toHaveLength(5)
  })

  it('comes back when auth could not be asked', async () => {
    live.start()
    await connect()
    renew.mockRejectedValue(new Error('unreachable'))
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await endedBy(4500)
    }
    expect(sockets).toHaveLength(6)
  })

  it('does not try for ever when fresh tokens are refused, too', async () => {
    live.start()
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await endedBy(4500)
    }
    expect(sockets).toHaveLength(3)
    expect(states.at(-1)).toBe('refused')
  })

  it('waits longer after each failure, and from the start again once it was ready', async () => {
    live.start()
    for (const wait of [1000, 2000, 4000]) {
      current().ends(1006)
      await vi.advanceTimersByTimeAsync(wait - 1)
      const before = sockets.length
      await vi.advanceTimersByTimeAsync(1)
      expect(sockets).toHaveLength(before + 1)
    }
    await connect()
    current().ends(1006)
    await vi.advanceTimersByTimeAsync(1000)
    expect(sockets).toHaveLength(5)
  })

  it('resumes its topics from where they were', async () => {
    live.follow('list:1', { event: vi.fn(), reset: vi.fn() })
    live.start()
    await connect()
    current().says({ op: 'subscribed', topic: 'list:1', seq: 7, epoch: 'e', recovered: true })
    current().ends(4001)
    await vi.advanceTimersByTimeAsync(1000)
    await connect()
    expect(current().sent.at(-1)).toEqual({ op: 'subscribe', topic: 'list:1', after: 7, epoch: 'e' })
  })

  it('finds out by a ping that the connection is dead', async () => {
    live.start()
    await connect()
    await vi.advanceTimersByTimeAsync(25_000)
    expect(current().sent.at(-1)).toEqual({ op: 'ping' })
    current().says({ op: 'pong' })
    await vi.advanceTimersByTimeAsync(25_000 + 10_000)
    expect(current().closed).toBe(true)
    await vi.advanceTimersByTimeAsync(1000)
    expect(sockets).toHaveLength(2)
  })

  it('goes to sleep with the network and wakes at once', async () => {
    live.start()
    await connect()
    live.sleep()
    expect(states.at(-1)).toBe('waiting')
    await vi.advanceTimersByTimeAsync(10 * MINUTE)
    expect(sockets).toHaveLength(1)
    live.wake()
    expect(sockets).toHaveLength(2)
  })

  it('tries again when there is no token to be had', async () => {
    token.mockRejectedValueOnce(new Error('unreachable'))
    live.start()
    current().open()
    await vi.advanceTimersByTimeAsync(0)
    expect(current().closed).toBe(true)
    current().ends(1000)
    await vi.advanceTimersByTimeAsync(1000)
    expect(sockets).toHaveLength(2)
  })

  it('ignores what an old connection still says', async () => {
    live.start()
    await connect()
    const old = current()
    live.stop()
    live.start()
    old.says(readyIn())
    old.ends(4503)
    expect(states.at(-1)).toBe('connecting')
  })
})

it('backs off between a quarter of a second and a ceiling that doubles to 30 s', () => {
  expect([0, 1, 4, 5, 20].map((attempt) => backoff(attempt, () => 1))).toEqual([1000, 2000, 16_000, 30_000, 30_000])
  expect(backoff(9, () => 0)).toBe(250)
})
