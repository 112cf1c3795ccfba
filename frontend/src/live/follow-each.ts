/** Follows one topic for each of a changing set of things. */
import type { LiveSocket } from './socket'
import type { TopicHandler } from './topics'

export interface Followed {
  catchUp: () => void
  stop: () => void
}

interface Options {
  topic: (id: string) => string
  handler: (id: string) => TopicHandler
  /** Subscriptions that began "from now on" stand: what was read before them may have missed a change. */
  settled: () => void
}

/** What one socket may follow, less the person's own topic. */
const MOST = 499
const SETTLE = 300

export function followEach(socket: LiveSocket, options: Options) {
  const followed = new Map<string, () => void>()
  let timer: ReturnType<typeof setTimeout> | undefined

  function follow(id: string): void {
    let first = true
    const inner = options.handler(id)
    const live = () => {
      inner.live?.()
      if (!first) return
      first = false
      clearTimeout(timer)
      timer = setTimeout(options.settled, SETTLE)
    }
    followed.set(id, socket.follow(options.topic(id), { ...inner, live }))
  }

  function update(ids: readonly string[]): void {
    // The newest come last; with more than a socket may follow, the oldest are not live.
    const wanted = new Set(ids.slice(-MOST))
    for (const [id, unfollow] of followed) {
      if (wanted.has(id)) continue
      unfollow()
      followed.delete(id)
    }
    for (const id of wanted) if (!followed.has(id)) follow(id)
  }

  function stop(): void {
    clearTimeout(timer)
    update([])
  }

  return { update, stop }
}
