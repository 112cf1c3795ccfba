/** Who is in the room on screen, and who is writing in it. Nothing of it is kept. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { SignalFrame } from '@/api/types'
import { usePeople } from './people'

const TYPING_SHOWN_FOR = 5000

export const usePresence = defineStore('presence', () => {
  const roomId = ref<string | null>(null)
  const online = ref<string[]>([])
  const writing = ref<Record<string, ReturnType<typeof setTimeout>>>({})
  const typing = computed(() => Object.keys(writing.value))

  function show(room: string | null): void {
    roomId.value = room
    online.value = []
    Object.keys(writing.value).forEach(stopped)
  }

  function stopped(accountId: string): void {
    clearTimeout(writing.value[accountId])
    delete writing.value[accountId]
  }

  function apply(room: string, frame: SignalFrame): void {
    if (room !== roomId.value) return
    const data = frame.data as { online?: string[]; joined?: string[]; left?: string[]; account_id?: string }
    if (frame.kind === 'presence') {
      const left = new Set(data.left)
      online.value = [...new Set([...(data.online ?? online.value), ...(data.joined ?? [])])].filter((id) => !left.has(id))
      usePeople().want(online.value)
    } else if (frame.kind === 'typing' && data.account_id) {
      const id = data.account_id
      stopped(id)
      writing.value[id] = setTimeout(() => stopped(id), TYPING_SHOWN_FOR)
      usePeople().want([id])
    }
  }

  return { roomId, online, typing, show, apply, stopped }
})
