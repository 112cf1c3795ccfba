/** The two live connections of the person who is signed in, and how they are doing. */
import { defineStore } from 'pinia'
import { reactive, ref } from 'vue'
import { tokens } from '@/api/clients'
import { toApiError } from '@/api/problem'
import type { Followed } from '@/live/follow-each'
import { followChat } from '@/live/follow-chat'
import { followTodo } from '@/live/follow-todo'
import { LiveSocket, type LiveState } from '@/live/socket'
import { useOutbox } from './outbox'

export type LiveService = 'todo' | 'chat'

/** A connection that is back before this was never worth a word. */
const PATIENCE = 1500

function urlOf(service: LiveService): string {
  const url = new URL(`/api/${service}/live`, window.location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  return url.href
}

function refusedForGood(error: unknown): boolean {
  if (toApiError(error).temporary) throw error
  return false
}

export const useLive = defineStore('live', () => {
  const states = reactive<Record<LiveService, LiveState>>({ todo: 'stopped', chat: 'stopped' })
  /** Away long enough to say so. */
  const away = reactive<Record<LiveService, boolean>>({ todo: false, chat: false })
  const online = ref(navigator.onLine)
  const timers: Partial<Record<LiveService, ReturnType<typeof setTimeout>>> = {}
  const followed: Partial<Record<LiveService, Followed>> = {}
  const sockets = { todo: socketFor('todo'), chat: socketFor('chat') }

  function socketFor(service: LiveService): LiveSocket {
    return new LiveSocket({
      url: urlOf(service),
      token: (lifetime) => tokens.fresh(lifetime),
      renew: () => tokens.renew().then(() => true, refusedForGood),
      onState: (state) => entered(service, state),
    })
  }

  function entered(service: LiveService, state: LiveState): void {
    states[service] = state
    if (state === 'ready') {
      clearTimeout(timers[service])
      timers[service] = undefined
      away[service] = false
      followed[service]?.catchUp()
      useOutbox().flush()
    } else if (state === 'stopped') {
      clearTimeout(timers[service])
      timers[service] = undefined
      away[service] = false
    } else if (state === 'refused') away[service] = true
    else timers[service] ??= setTimeout(() => (away[service] = true), PATIENCE)
  }

  function start(me: string): void {
    sockets.todo.start()
    sockets.chat.start()
    followed.todo = followTodo(sockets.todo, me)
    followed.chat = followChat(sockets.chat, me)
  }

  function stop(): void {
    for (const service of ['todo', 'chat'] as const) {
      followed[service]?.stop()
      followed[service] = undefined
      sockets[service].stop()
    }
  }

  function wake(): void {
    sockets.todo.wake()
    sockets.chat.wake()
  }

  window.addEventListener('online', () => {
    online.value = true
    wake()
    useOutbox().flush()
  })
  window.addEventListener('offline', () => {
    online.value = false
    sockets.todo.sleep()
    sockets.chat.sleep()
  })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') wake()
  })

  /** A list's or room's snapshot was read over HTTP: what came after it is wanted. */
  const seed = (service: LiveService, topic: string, position: { seq: number; epoch: string }) =>
    sockets[service].topics.seed(topic, position)

  const typing = (roomId: string) => sockets.chat.send({ op: 'typing', topic: `room:${roomId}` })

  return { states, away, online, start, stop, wake, seed, typing }
})
