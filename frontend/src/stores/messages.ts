/** What was said in each room that was opened: the newest page, older ones on demand, kept live from then on. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { chat } from '@/api/clients'
import { call } from '@/api/problem'
import type { EventFrame, Message } from '@/api/types'
import { type Collection, emptyCollection, put, putAll } from '@/domain/collection'
import { applyMessageEvent } from '@/domain/events'
import { t } from '@/i18n'
import type { Loading } from './loading'
import { usePeople } from './people'
import { useToasts } from './toasts'

export interface Conversation {
  loading: Loading
  loadingOlder: boolean
  messages: Collection<Message>
  /** The place of the oldest message that is loaded; 0 when the beginning is. */
  oldest: number
}

const PAGE = 50

const emptyConversation = (): Conversation =>
  shallowReactive({ loading: 'idle', loadingOlder: false, messages: emptyCollection<Message>(), oldest: Infinity })

export const useMessages = defineStore('messages', () => {
  const byRoom = shallowReactive(new Map<string, Conversation>())

  function of(roomId: string): Conversation {
    let conversation = byRoom.get(roomId)
    if (!conversation) byRoom.set(roomId, (conversation = emptyConversation()))
    return conversation
  }

  async function load(roomId: string): Promise<{ seq: number; epoch: string }> {
    const conversation = of(roomId)
    if (conversation.loading !== 'ready') conversation.loading = 'loading'
    try {
      const page = await readPage(roomId)
      const { items, gone } = conversation.messages
      const kept = Object.values(items).filter((message) => message.version > page.seq)
      conversation.oldest = page.next ? (page.items[0]?.seq ?? 0) : 0
      conversation.messages = putAll(putAll({ items: {}, gone }, kept), page.items)
      conversation.loading = 'ready'
      usePeople().want(page.items.map((message) => message.author_id))
      return { seq: page.seq, epoch: page.epoch }
    } catch (error) {
      if (conversation.loading !== 'ready') conversation.loading = 'failed'
      throw error
    }
  }

  async function loadOlder(roomId: string): Promise<void> {
    const conversation = of(roomId)
    if (conversation.loading !== 'ready' || conversation.loadingOlder || conversation.oldest === 0) return
    conversation.loadingOlder = true
    try {
      const page = await readPage(roomId, conversation.oldest)
      conversation.messages = putAll(conversation.messages, page.items)
      conversation.oldest = page.next ? (page.items[0]?.seq ?? 0) : 0
      usePeople().want(page.items.map((message) => message.author_id))
    } catch (error) {
      useToasts().failure(t('room.olderFailed'), error)
    } finally {
      conversation.loadingOlder = false
    }
  }

  const readPage = (roomId: string, before?: number) =>
    call(
      chat.GET('/api/chat/rooms/{room_id}/messages', {
        params: { path: { room_id: roomId }, query: { limit: PAGE, before } },
      }),
    )

  function apply(roomId: string, frame: EventFrame): void {
    const conversation = byRoom.get(roomId)
    if (!conversation) return
    // While the first page is under way, anything new is kept: the page may be older than it.
    const oldest = conversation.oldest === Infinity ? 0 : conversation.oldest
    conversation.messages = applyMessageEvent(conversation.messages, frame, oldest)
    usePeople().want([frame.actor_id])
  }

  const learn = (message: Message) => {
    const conversation = of(message.room_id)
    conversation.messages = put(conversation.messages, message)
  }

  async function edit(message: Message, body: string): Promise<boolean> {
    const path = { room_id: message.room_id, message_id: message.id }
    try {
      const url = '/api/chat/rooms/{room_id}/messages/{message_id}'
      learn(await call(chat.PATCH(url, { params: { path }, body: { body } })))
      return true
    } catch (error) {
      useToasts().failure(t('room.notEdited'), error)
      return false
    }
  }

  async function destroy(message: Message): Promise<void> {
    const path = { room_id: message.room_id, message_id: message.id }
    try {
      await call(chat.DELETE('/api/chat/rooms/{room_id}/messages/{message_id}', { params: { path } }))
    } catch (error) {
      useToasts().failure(t('room.notDeleted'), error)
    }
  }

  const drop = (roomId: string) => byRoom.delete(roomId)
  const clear = () => byRoom.clear()

  return { of, load, loadOlder, apply, learn, edit, destroy, drop, clear }
})
