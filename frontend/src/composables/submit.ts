/** One submission of a form at a time: whether it is under way, and why it failed. */
import { computed, ref, shallowRef } from 'vue'
import { type ApiError, toApiError } from '@/api/problem'
import { errorText, fieldText } from '@/i18n'

export function useSubmit(action: () => Promise<void>) {
  const busy = ref(false)
  const error = shallowRef<ApiError | null>(null)
  /** Null when the problem is told beside its fields. */
  const message = computed(() => (error.value && error.value.fields.length === 0 ? errorText(error.value) : null))

  async function submit(): Promise<void> {
    if (busy.value) return
    busy.value = true
    error.value = null
    try {
      await action()
    } catch (failure) {
      error.value = toApiError(failure)
    } finally {
      busy.value = false
    }
  }

  const field = (name: string) => fieldText(error.value, name)

  return { busy, error, message, field, submit }
}
