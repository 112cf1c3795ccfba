/** What was typed but not sent: kept on this device, per place, across reloads. */
import { type MaybeRefOrGetter, ref, toValue, watch } from 'vue'
import { useSession } from '@/stores/session'

export function useDraft(place: MaybeRefOrGetter<string>) {
  const session = useSession()
  const key = () => `todolist.draft.${session.account?.id}.${toValue(place)}`
  const text = ref('')

  watch(key, (now) => (text.value = localStorage.getItem(now) ?? ''), { immediate: true })
  watch(text, (now) => {
    if (now) localStorage.setItem(key(), now)
    else localStorage.removeItem(key())
  })

  const clear = () => (text.value = '')

  return { text, clear }
}
