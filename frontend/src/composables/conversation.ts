/** An open room: its messages as lines, what is on its way, who is there; read when it is opened, live from then on. */
import { computed, type MaybeRefOrGetter, onScopeDispose, ref, toValue, watch } from 'vue'
import { linesOf } from '@/domain/conversation'
import type { PendingMessage } from '@/domain/outbox'
import { useLive } from '@/stores/live'
import { useMessages } from '@/stores/messages'
import { useOutbox } from '@/stores/outbox'
import { usePresence } from '@/stores/presence'
import { useRooms } from '@/stores/rooms'
import { useSession } from '@/stores/session'

export function useConversation(roomId: MaybeRefOrGetter<string>) {
  const messages = useMessages()
  const rooms = useRooms()
  const outbox = useOutbox()
  const presence = usePresence()
  const live = useLive()
  const session = useSession()

  const conversation = computed(() => messages.of(toValue(roomId)))
  const said = computed(() =>
    Object.values(conversation.value.messages.items)
      .filter((message) => message.thread_id === null)
      .sort((a, b) => a.seq - b.seq),
  )
  const pending = computed(() =>
    outbox.queue.filter(
      (entry): entry is PendingMessage =>
        entry.kind === 'message' && entry.place === toValue(roomId) && !conversation.value.messages.items[entry.id],
    ),
  )
  /** Where reading had stopped when the room was opened: the line above what is new stays there. */
  const readUpTo = ref<number | null>(null)
  const lines = computed(() => linesOf(said.value, pending.value, readUpTo.value))
  const others = computed(() => presence.online.filter((id) => id !== session.account?.id))
  const typing = computed(() => presence.typing.filter((id) => id !== session.account?.id))

  async function load(): Promise<void> {
    const id = toValue(roomId)
    try {
      live.seed('chat', `room:${id}`, await messages.load(id))
    } catch {
      // `loading` says so, with a button to try again; it also tries by itself when the service is back.
    }
  }

  watch(
    () => toValue(roomId),
    (id) => {
      presence.show(id)
      readUpTo.value = rooms.unread(id) > 0 ? rooms.readingOf(id).read : null
    },
    { immediate: true },
  )
  watch(
    () => [toValue(roomId), live.states.chat === 'ready'],
    () => {
      const { loading } = conversation.value
      if (loading === 'idle' || loading === 'failed') void load()
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    if (presence.roomId === toValue(roomId)) presence.show(null)
  })

  return { conversation, lines, others, typing, load }
}
