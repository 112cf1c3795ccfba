import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newId } from './ids'
import { allPages } from './pages'
import { ApiError, call, problemOf, unreachable } from './problem'
import { withRetries } from './retry'
import { accountOf, Tokens } from './tokens'
import type { Issued } from './types'

const issued = (token: string, seconds = 900) => ({ access_token: token, expires_in: seconds }) as Issued

describe('Tokens', () => {
  const refresh = vi.fn<() => Promise<Issued>>()
  const ended = vi.fn()
  let tokens: Tokens

  beforeEach(() => {
    vi.useFakeTimers()
    refresh.mockReset().mockResolvedValue(issued('next'))
    ended.mockReset()
    tokens = new Tokens(refresh, ended)
  })

  afterEach(() => void vi.useRealTimers())

  it('asks once for everybody who waits', async () => {
    await expect(Promise.all([tokens.fresh(), tokens.fresh(), tokens.renew()])).resolves.toEqual(['next', 'next', 'next'])
    expect(refresh).toHaveBeenCalledOnce()
  })

  it('keeps a token until shortly before it expires', async () => {
    tokens.hold(issued('first', 900))
    await expect(tokens.fresh()).resolves.toBe('first')
    vi.advanceTimersByTime(880_000)
    await expect(tokens.fresh()).resolves.toBe('next')
  })

  it('renews early for who needs it longer', async () => {
    tokens.hold(issued('first', 60))
    await expect(tokens.fresh(90_000)).resolves.toBe('next')
  })

  it('says when the session is over, and tries again after a failure that is not', async () => {
    refresh.mockRejectedValueOnce(unreachable())
    await expect(tokens.fresh()).rejects.toMatchObject({ code: 'unreachable' })
    expect(ended).not.toHaveBeenCalled()
    refresh.mockRejectedValueOnce(new ApiError(401, 'session-ended'))
    await expect(tokens.fresh()).rejects.toMatchObject({ code: 'session-ended' })
    expect(ended).toHaveBeenCalledOnce()
    await expect(tokens.fresh()).resolves.toBe('next')
  })

  it('knows whose a token is', () => {
    const payload = btoa(JSON.stringify({ sub: 'me' })).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
    expect(accountOf(`x.${payload}.y`)).toBe('me')
  })
})

describe('call', () => {
  it('gives the data, and throws the problem', async () => {
    const response = new Response(null, { status: 200 })
    await expect(call(Promise.resolve({ data: 1, response }))).resolves.toBe(1)
    const refused = new Response(null, { status: 409, headers: { 'retry-after': '3' } })
    const error = { code: 'last-owner', status: 409, title: 'x', type: 'about:blank' }
    await expect(call(Promise.resolve({ error, response: refused }))).rejects.toMatchObject({ code: 'last-owner', retryAfter: 3, temporary: false })
  })

  it('tells no answer from a refusal', async () => {
    await expect(call(Promise.reject(new TypeError('fetch failed')))).rejects.toMatchObject({ code: 'unreachable', temporary: true })
  })

  it('takes what a proxy says for the service being away', () => {
    expect(problemOf(new Response('', { status: 502 }), '<html>')).toMatchObject({ code: 'unavailable', temporary: true })
  })
})

describe('withRetries', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('sends again what may have been lost, and not what was refused', async () => {
    const lost = vi.fn().mockRejectedValueOnce(unreachable()).mockResolvedValue('there')
    const answer = withRetries(lost)
    await vi.runAllTimersAsync()
    await expect(answer).resolves.toBe('there')
    const refused = vi.fn().mockRejectedValue(new ApiError(403, 'forbidden'))
    await expect(withRetries(refused)).rejects.toMatchObject({ code: 'forbidden' })
    expect(refused).toHaveBeenCalledOnce()
  })

  it('gives up in the end', async () => {
    const lost = vi.fn().mockRejectedValue(unreachable())
    const answer = expect(withRetries(lost, 3)).rejects.toMatchObject({ code: 'unreachable' })
    await vi.runAllTimersAsync()
    await answer
    expect(lost).toHaveBeenCalledTimes(3)
  })
})

it('makes ids of version 7 that sort by time', () => {
  const ids = [1, 2, 3].map((millisecond) => newId(1_700_000_000_000 + millisecond))
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect([...ids].sort()).toEqual(ids)
  expect(parseInt(ids[0]!.replaceAll('-', '').slice(0, 12), 16)).toBe(1_700_000_000_001)
})

it('walks all pages and keeps the place of the first', async () => {
  const pages: Record<string, { items: number[]; next: string | null; seq: number }> = {
    start: { items: [1, 2], next: 'b', seq: 7 },
    b: { items: [3], next: null, seq: 9 },
  }
  const { first, items } = await allPages((cursor) => Promise.resolve(pages[cursor ?? 'start']!))
  expect([first.seq, items]).toEqual([7, [1, 2, 3]])
})
