import { expect, it, vi } from 'vitest'
import { followEach } from './follow-each'
import { LiveSocket } from './socket'

it('follows the newest, when there are more than a socket may follow', () => {
  const socket = new LiveSocket({ url: '', token: vi.fn(), renew: vi.fn(), onState: vi.fn() })
  const follow = vi.spyOn(socket, 'follow')
  const unfollowed: string[] = []
  follow.mockImplementation((topic) => () => void unfollowed.push(topic))
  const handler = () => ({ event: vi.fn(), reset: vi.fn() })
  const each = followEach(socket, { topic: (id) => `list:${id}`, handler, settled: vi.fn() })
  const ids = Array.from({ length: 510 }, (_, index) => String(index))

  each.update(ids.slice(0, 505))
  const topics = follow.mock.calls.map(([topic]) => topic)
  expect(topics).toHaveLength(499)
  expect([topics[0], topics.at(-1)]).toEqual(['list:6', 'list:504'])

  each.update(ids.slice(0, 506))
  expect(unfollowed).toEqual(['list:6'])
  expect(follow.mock.lastCall![0]).toBe('list:505')
  each.stop()
})
