/** What is known to be out of date, and how to read it again: tried until it worked. */
import { toApiError } from '@/api/problem'
import { backoff } from './backoff'

interface Wanted {
  read: () => Promise<unknown>
  attempt: number
  timer?: ReturnType<typeof setTimeout>
}

export class Stale {
  private readonly wanted = new Map<string, Wanted>()
  private readonly underWay = new Set<string>()

  /** Reads now. A reading under way began too early: one more follows it. */
  add(key: string, read: () => Promise<unknown>): void {
    this.forget(key)
    this.wanted.set(key, { read, attempt: 0 })
    void this.run(key)
  }

  /** The service is back: all that is still out of date is tried at once, even what was refused. */
  retry(): void {
    for (const key of this.wanted.keys()) void this.run(key)
  }

  forget(key: string): void {
    clearTimeout(this.wanted.get(key)?.timer)
    this.wanted.delete(key)
  }

  stop(): void {
    for (const key of this.wanted.keys()) this.forget(key)
  }

  private async run(key: string): Promise<void> {
    const wanted = this.wanted.get(key)
    if (!wanted || this.underWay.has(key)) return
    clearTimeout(wanted.timer)
    this.underWay.add(key)
    const outcome = await wanted.read().then(() => 'read', failed)
    this.underWay.delete(key)
    if (this.wanted.get(key) !== wanted) return this.run(key)
    if (outcome === 'read') this.forget(key)
    else if (outcome === 'later') wanted.timer = setTimeout(() => void this.run(key), backoff(wanted.attempt++))
  }
}

/** What is refused for good is not asked for again until the connection was gone and is back. */
const failed = (error: unknown) => (toApiError(error).temporary ? 'later' : 'refused')
