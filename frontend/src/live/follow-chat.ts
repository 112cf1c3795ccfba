/** Keeps rooms, messages, unread counts and presence live. */
import { watch } from 'vue'
import type { EventFrame, Message } from '@/api/types'
import { useMessages } from '@/stores/messages'
import { usePresence } from '@/stores/presence'
import { useRooms } from '@/stores/rooms'
import { followEach, type Followed } from './follow-each'
import type { LiveSocket } from './socket'
import { Stale } from './stale'
import type { TopicHandler } from './topics'

export function followChat(socket: LiveSocket, me: string): Followed {
  const rooms = useRooms()
  const messages = useMessages()
  const presence = usePresence()
  const stale = new Stale()
  const userTopic = `user:${me}`
  const topicOf = (id: string) => `room:${id}`

  const load = () =>
    stale.add(userTopic, () => rooms.load().then((position) => socket.topics.seed(userTopic, position)))

  const isOpen = (id: string) => messages.of(id).loading !== 'idle'

  const reload = (id: string, opened: boolean) =>
    stale.add(topicOf(id), () => Promise.all([rooms.fetchOne(id), opened && messages.load(id)]))

  /** What is read on other devices is told by signals, which nobody replays. */
  const loadUnread = () => stale.add('unread', rooms.loadUnread)

  const forget = (id: string) => {
    stale.forget(topicOf(id))
    rooms.drop(id)
    messages.drop(id)
  }

  const mine: TopicHandler = {
    event: ({ kind, data }) => {
      const id = String(data.id)
      if (kind === 'room.removed') forget(id)
      if (kind === 'room.added') reload(id, isOpen(id))
    },
    reset: load,
  }

  function said(roomId: string, frame: EventFrame): void {
    const { number, author_id } = frame.data as Partial<Message>
    if (author_id) presence.stopped(author_id)
    if (!number) return
    rooms.said(roomId, number)
    if (author_id === me) rooms.readUpTo(roomId, number)
  }

  const roomHandler = (id: string): TopicHandler => ({
    event: (frame) => {
      rooms.apply(frame)
      if (frame.kind === 'member.put' && frame.data.account_id === me) rooms.setRole(id, frame.data.role as never)
      if (!frame.kind.startsWith('message.')) return
      messages.apply(id, frame)
      if (frame.kind === 'message.created') said(id, frame)
    },
    signal: (frame) => {
      if (frame.kind === 'read') rooms.readUpTo(id, Number(frame.data.number))
      else if (frame.data.account_id !== me) presence.apply(id, frame)
    },
    live: () => {
      if (presence.roomId === id) socket.send({ op: 'focus', topic: `room:${id}` })
    },
    reset: (sameLog) => {
      const opened = isOpen(id)
      if (!sameLog) messages.drop(id)
      reload(id, opened)
      loadUnread()
      if (presence.roomId === id) socket.send({ op: 'focus', topic: `room:${id}` })
    },
    ended: () => forget(id),
  })

  const each = followEach(socket, { topic: topicOf, handler: roomHandler, settled: load })
  const unfollow = socket.follow(userTopic, mine)
  const unwatch = [
    watch(() => rooms.ids, each.update, { immediate: true }),
    watch(() => presence.roomId, (id) => void socket.send({ op: 'focus', topic: id && `room:${id}` })),
  ]
  load()

  return {
    catchUp: () => {
      stale.retry()
      loadUnread()
    },
    stop: () => {
      stale.stop()
      unwatch.forEach((end) => end())
      unfollow()
      each.stop()
    },
  }
}
