/** Short messages at the edge of the screen: what went wrong, and what can be done about it. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { toApiError } from '@/api/problem'
import { errorText } from '@/i18n'

export interface Toast {
  id: number
  text: string
  tone: 'info' | 'error'
  action: { label: string; run: () => void } | null
}

const SHOWN_FOR = 7000

export const useToasts = defineStore('toasts', () => {
  const items = ref<Toast[]>([])
  let lastId = 0

  function show(text: string, tone: Toast['tone'] = 'info', action: Toast['action'] = null): void {
    const id = ++lastId
    items.value = [...items.value.filter((toast) => toast.text !== text).slice(-2), { id, text, tone, action }]
    setTimeout(() => dismiss(id), SHOWN_FOR)
  }

  function dismiss(id: number): void {
    items.value = items.value.filter((toast) => toast.id !== id)
  }

  /** Says what failed and why; `what` is already in the reader's language. */
  function failure(what: string, error: unknown, action: Toast['action'] = null): void {
    show(`${what} ${errorText(toApiError(error))}`, 'error', action)
  }

  return { items, show, dismiss, failure }
})
