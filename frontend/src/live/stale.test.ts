import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError, unreachable } from '@/api/problem'
import { Stale } from './stale'

describe('Stale', () => {
  let stale: Stale
  const read = vi.fn<() => Promise<unknown>>()

  beforeEach(() => {
    vi.useFakeTimers()
    stale = new Stale()
    read.mockReset().mockResolvedValue(undefined)
  })

  afterEach(() => {
    stale.stop()
    vi.useRealTimers()
  })

  it('reads until it worked', async () => {
    read.mockRejectedValueOnce(unreachable()).mockRejectedValueOnce(new ApiError(503, 'unavailable'))
    stale.add('a', read)
    await vi.runAllTimersAsync()
    stale.retry()
    expect(read).toHaveBeenCalledTimes(3)
  })

  it('reads once more when it is out of date again while it is read', async () => {
    let arrive = () => {}
    read.mockImplementationOnce(() => new Promise<void>((resolve) => (arrive = resolve)))
    stale.add('a', read)
    stale.add('a', read)
    stale.add('a', read)
    expect(read).toHaveBeenCalledTimes(1)
    arrive()
    await vi.runAllTimersAsync()
    expect(read).toHaveBeenCalledTimes(2)
  })

  it('tries what was refused only when it is asked to', async () => {
    read.mockRejectedValueOnce(new ApiError(403, 'forbidden'))
    stale.add('a', read)
    await vi.runAllTimersAsync()
    expect(read).toHaveBeenCalledTimes(1)
    stale.retry()
    await vi.runAllTimersAsync()
    expect(read).toHaveBeenCalledTimes(2)
  })

  it('does not wait when the service is back, and stops when nobody wants it', async () => {
    read.mockRejectedValue(unreachable())
    stale.add('a', read)
    await vi.advanceTimersByTimeAsync(0)
    stale.retry()
    expect(read).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(0)
    stale.stop()
    await vi.runAllTimersAsync()
    expect(read).toHaveBeenCalledTimes(2)
  })
})
