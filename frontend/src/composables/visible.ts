/** Whether anybody can be looking at the page. */
import { onScopeDispose, ref } from 'vue'

export function useVisible() {
  const visible = ref(document.visibilityState === 'visible')
  const update = () => (visible.value = document.visibilityState === 'visible')
  document.addEventListener('visibilitychange', update)
  onScopeDispose(() => document.removeEventListener('visibilitychange', update))
  return visible
}
