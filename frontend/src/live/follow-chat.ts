/** Keeps rooms, messages, unread counts and presence live. */
import { watch } from 'vue'
import type { EventFrame, Message } from '@/api/types'
import { useMessages } from '@/stores/messages'
import { usePresence } from '@/stores/presence'
import { useRooms } from '@/stores/rooms'
import { followEach, type Followed } from './follow-each'
import type { LiveSocket } from './socket'
import type { TopicHandler } from './topics'

export function followChat(socket: LiveSocket, me: string): Followed {
  const rooms = useRooms()
  const messages = useMessages()
  const presence = usePresence()
  const userTopic = `user:${me}`

  const load = () => rooms.load().then((position) => socket.topics.seed(userTopic, position), () => {})

  const forget = (id: string) => {
    rooms.drop(id)
    messages.drop(id)
  }

  const mine: TopicHandler = {
    event: ({ kind, data }) => {
      const id = String(data.id)
      if (kind === 'room.removed') forget(id)
      if (kind === 'room.added') void rooms.fetchOne(id).catch(load)
    },
    reset: () => void load(),
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
      if (!sameLog) messages.drop(id)
      void rooms.loadUnread().catch(() => {})
      if (messages.of(id).loading !== 'idle') void messages.load(id).catch(() => {})
      if (presence.roomId === id) socket.send({ op: 'focus', topic: `room:${id}` })
    },
    ended: () => forget(id),
  })

  const settled = () => void rooms.loadUnread().catch(() => {})
  const each = followEach(socket, { topic: (id) => `room:${id}`, handler: roomHandler, settled })
  const unfollow = socket.follow(userTopic, mine)
  const unwatch = [
    watch(() => rooms.ids, each.update, { immediate: true }),
    watch(() => presence.roomId, (id) => void socket.send({ op: 'focus', topic: id && `room:${id}` })),
  ]
  void load()

  return {
    catchUp: () => {
      if (rooms.loading === 'failed') void load()
    },
    stop: () => {
      unwatch.forEach((end) => end())
      unfollow()
      each.stop()
    },
  }
}
