import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { unreachable } from '@/api/problem'
import { FakeSocket, MINUTE, readyIn } from '@/test/fake-socket'
import { LiveSocket } from './socket'

describe('a live connection that stays authenticated', () => {
  let socket: FakeSocket
  let connections: number
  let live: LiveSocket
  const token = vi.fn<(lifetime: number) => Promise<string>>()

  beforeEach(() => {
    vi.useFakeTimers()
    connections = 0
    token.mockReset().mockResolvedValue('token')
    live = new LiveSocket({
      url: 'ws://here',
      token,
      renew: () => Promise.resolve(true),
      onState: () => {},
      random: () => 1,
      connect: () => {
        connections += 1
        return (socket = new FakeSocket())
      },
    })
  })

  afterEach(() => {
    live.stop()
    vi.useRealTimers()
  })

  async function connect(minutes?: number): Promise<void> {
    socket.open()
    await vi.advanceTimersByTimeAsync(0)
    socket.says(readyIn(minutes))
  }

  /** Time passes on a connection that lives: pings are answered. */
  async function pass(milliseconds: number): Promise<void> {
    const pong = setInterval(() => socket.says({ op: 'pong' }), 20_000)
    await vi.advanceTimersByTimeAsync(milliseconds)
    clearInterval(pong)
  }

  it('authenticates again a minute before the token expires', async () => {
    live.start()
    await connect()
    token.mockResolvedValue('next')
    await pass(14 * MINUTE)
    expect(socket.sent).toContainEqual({ op: 'auth', token: 'next' })
    expect(socket.closed).toBe(false)
  })

  it('stays connected while auth is away, and authenticates when it is back', async () => {
    live.start()
    await connect()
    token.mockRejectedValue(unreachable())
    await pass(14 * MINUTE + 10_000)
    expect(socket.closed).toBe(false)
    token.mockResolvedValue('next')
    await pass(20_000)
    expect(socket.sent).toContainEqual({ op: 'auth', token: 'next' })
    expect(socket.closed).toBe(false)
  })

  it('comes back when the token ran out before auth was back', async () => {
    live.start()
    await connect()
    token.mockRejectedValue(unreachable())
    await pass(15 * MINUTE)
    socket.ends(4004)
    await vi.advanceTimersByTimeAsync(1000)
    expect(connections).toBe(2)
  })

  it('authenticates now and then only, by a clock that is ahead', async () => {
    const ahead = -5
    live.start()
    await connect(ahead)
    vi.spyOn(socket, 'send').mockImplementation((text) => {
      socket.sent.push(JSON.parse(text) as Record<string, unknown>)
      if (socket.sent.at(-1)!.op === 'auth') socket.says(readyIn(ahead))
    })
    await pass(5 * MINUTE)
    const auths = socket.sent.filter(({ op }) => op === 'auth')
    expect(auths.length).toBeGreaterThan(5)
    expect(auths.length).toBeLessThan(12)
    expect(token.mock.lastCall![0]).toBeGreaterThan(30_000)
  })
})
