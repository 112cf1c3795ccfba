/** New tasks and messages on their way: kept across reloads, sent in order, again until they are there or refused. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { chat, todo } from '@/api/clients'
import { newId } from '@/api/ids'
import { call, toApiError } from '@/api/problem'
import * as outbox from '@/domain/outbox'
import { backoff } from '@/live/backoff'
import { useContents } from './contents'
import { useMessages } from './messages'
import { loadQueue, saveQueue, watchQueue } from './outbox-storage'
import { useRooms } from './rooms'

export const useOutbox = defineStore('outbox', () => {
  const queue = shallowRef<outbox.Queue>([])
  const owner = ref<string | null>(null)
  const sending = new Set<outbox.Pending['kind']>()
  const timers: Partial<Record<outbox.Pending['kind'], ReturnType<typeof setTimeout>>> = {}
  let unwatch = () => {}
  const attempts = { message: 0, task: 0 }

  function change(next: outbox.Queue): void {
    const before = queue.value
    queue.value = next
    if (owner.value) saveQueue(owner.value, before, next)
  }

  /** What was still waiting when the page was closed goes on its way. */
  function open(accountId: string): void {
    owner.value = accountId
    queue.value = loadQueue(accountId)
    unwatch()
    unwatch = watchQueue(accountId, (id) => (queue.value = outbox.settle(queue.value, id)))
    flush()
  }

  function close(): void {
    owner.value = null
    queue.value = []
    unwatch()
    Object.values(timers).forEach(clearTimeout)
  }

  function add(entry: outbox.Pending): void {
    change(outbox.enqueue(queue.value, entry))
    void run(entry.kind)
  }

  const base = () => ({ id: newId(), createdAt: new Date().toISOString(), failed: null })

  const addMessage = (roomId: string, body: string) => {
    const entry = base()
    add({ ...entry, kind: 'message', place: roomId, body: { id: entry.id, body } })
  }

  const addTask = (listId: string, title: string) => {
    const entry = base()
    add({ ...entry, kind: 'task', place: listId, body: { id: entry.id, title } })
  }

  /** Try now: the network or a service is back. */
  function flush(): void {
    attempts.message = attempts.task = 0
    void run('message')
    void run('task')
  }

  async function run(kind: outbox.Pending['kind']): Promise<void> {
    clearTimeout(timers[kind])
    if (sending.has(kind)) return
    sending.add(kind)
    try {
      for (let entry = outbox.nextOf(queue.value, kind); entry && owner.value; entry = outbox.nextOf(queue.value, kind)) {
        if (!(await deliver(entry))) break
      }
    } finally {
      sending.delete(kind)
    }
  }

  /** False when it has to wait. */
  async function deliver(entry: outbox.Pending): Promise<boolean> {
    const sender = owner.value
    try {
      if (entry.kind === 'message') await sendMessage(entry)
      else await sendTask(entry)
      attempts[entry.kind] = 0
      if (sender === owner.value) change(outbox.settle(queue.value, entry.id))
      return true
    } catch (error) {
      const problem = toApiError(error)
      if (sender !== owner.value || problem.status === 401) return false
      if (problem.temporary) {
        const wait = problem.retryAfter ? problem.retryAfter * 1000 : backoff(attempts[entry.kind]++)
        timers[entry.kind] = setTimeout(() => void run(entry.kind), wait)
        return false
      }
      // Deleted meanwhile by somebody else: it was there, so there is nothing to send.
      const next = problem.code === 'gone' ? outbox.settle(queue.value, entry.id) : null
      change(next ?? outbox.markFailed(queue.value, entry.id, problem.code))
      return true
    }
  }

  async function sendMessage(entry: outbox.PendingMessage): Promise<void> {
    const path = { room_id: entry.place }
    const message = await call(chat.POST('/api/chat/rooms/{room_id}/messages', { params: { path }, body: entry.body }))
    useMessages().learn(message)
    if (message.number) {
      useRooms().said(entry.place, message.number)
      useRooms().readUpTo(entry.place, message.number)
    }
  }

  async function sendTask(entry: outbox.PendingTask): Promise<void> {
    const path = { list_id: entry.place }
    const url = '/api/todo/lists/{list_id}/tasks'
    useContents().learnTask(await call(todo.POST(url, { params: { path }, body: entry.body })))
  }

  function retry(id: string): void {
    change(outbox.markWaiting(queue.value, id))
    flush()
  }

  const discard = (id: string) => change(outbox.settle(queue.value, id))

  return { queue, open, close, addMessage, addTask, flush, retry, discard }
})
