/** Keeps lists and what is in them live: the person's own topic, and the topic of every list they are in. */
import { watch } from 'vue'
import { useContents } from '@/stores/contents'
import { useLists } from '@/stores/lists'
import { followEach, type Followed } from './follow-each'
import type { LiveSocket } from './socket'
import type { TopicHandler } from './topics'

export function followTodo(socket: LiveSocket, me: string): Followed {
  const lists = useLists()
  const contents = useContents()
  const userTopic = `user:${me}`

  const load = () => lists.load().then((position) => socket.topics.seed(userTopic, position), () => {})

  const forget = (id: string) => {
    lists.drop(id)
    contents.drop(id)
  }

  const mine: TopicHandler = {
    event: ({ kind, data }) => {
      const id = String(data.id)
      if (kind === 'list.removed') forget(id)
      if (kind === 'list.added') void lists.fetchOne(id).catch(load)
    },
    reset: () => void load(),
  }

  const listHandler = (id: string): TopicHandler => ({
    event: (frame) => {
      lists.apply(frame)
      contents.apply(id, frame)
      if (frame.kind === 'member.put' && frame.data.account_id === me) lists.setRole(id, frame.data.role as never)
    },
    reset: (sameLog) => {
      if (!sameLog) contents.drop(id)
      void lists.fetchOne(id).catch(() => {})
      if (contents.of(id).loading !== 'idle') void contents.load(id).catch(() => {})
    },
    ended: () => forget(id),
  })

  const each = followEach(socket, { topic: (id) => `list:${id}`, handler: listHandler, settled: () => void load() })
  const unfollow = socket.follow(userTopic, mine)
  const unwatch = watch(() => lists.ids, each.update, { immediate: true })
  void load()

  return {
    /** Reads what could not be read while the service was away. */
    catchUp: () => {
      if (lists.loading === 'failed') void load()
    },
    stop: () => {
      unwatch()
      unfollow()
      each.stop()
    },
  }
}
