/** Keeps lists and what is in them live: the person's own topic, and the topic of every list they are in. */
import { watch } from 'vue'
import { useContents } from '@/stores/contents'
import { useLists } from '@/stores/lists'
import { followEach, type Followed } from './follow-each'
import type { LiveSocket } from './socket'
import { Stale } from './stale'
import type { TopicHandler } from './topics'

export function followTodo(socket: LiveSocket, me: string): Followed {
  const lists = useLists()
  const contents = useContents()
  const stale = new Stale()
  const userTopic = `user:${me}`
  const topicOf = (id: string) => `list:${id}`

  const load = () =>
    stale.add(userTopic, () => lists.load().then((position) => socket.topics.seed(userTopic, position)))

  const isOpen = (id: string) => contents.of(id).loading !== 'idle'

  const reload = (id: string, opened: boolean) =>
    stale.add(topicOf(id), () => Promise.all([lists.fetchOne(id), opened && contents.load(id)]))

  const forget = (id: string) => {
    stale.forget(topicOf(id))
    lists.drop(id)
    contents.drop(id)
  }

  const mine: TopicHandler = {
    event: ({ kind, data }) => {
      const id = String(data.id)
      if (kind === 'list.removed') forget(id)
      if (kind === 'list.added') reload(id, isOpen(id))
    },
    reset: load,
  }

  const listHandler = (id: string): TopicHandler => ({
    event: (frame) => {
      lists.apply(frame)
      contents.apply(id, frame)
      if (frame.kind === 'member.put' && frame.data.account_id === me) lists.setRole(id, frame.data.role as never)
    },
    reset: (sameLog) => {
      const opened = isOpen(id)
      if (!sameLog) contents.drop(id)
      reload(id, opened)
    },
    ended: () => forget(id),
  })

  const each = followEach(socket, { topic: topicOf, handler: listHandler, settled: load })
  const unfollow = socket.follow(userTopic, mine)
  const unwatch = watch(() => lists.ids, each.update, { immediate: true })
  load()

  return {
    /** Reads what could not be read while the service was away. */
    catchUp: () => stale.retry(),
    stop: () => {
      stale.stop()
      unwatch()
      unfollow()
      each.stop()
    },
  }
}
