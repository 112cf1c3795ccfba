/** Sending again what may have been lost on the way; only for what may safely arrive twice. */
import { backoff } from '@/live/backoff'
import { toApiError } from './problem'

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Tries until it works, is refused for good, or has been tried `times` times. */
export async function withRetries<T>(request: () => Promise<T>, times = 3): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await request()
    } catch (error) {
      const problem = toApiError(error)
      if (!problem.temporary || attempt + 1 >= times) throw error
      await pause(problem.retryAfter ? problem.retryAfter * 1000 : backoff(attempt))
    }
  }
}
