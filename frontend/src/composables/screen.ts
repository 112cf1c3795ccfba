/** How much room there is: on a narrow screen one pane shows at a time. */
import { onScopeDispose, ref } from 'vue'

function useMedia(query: string) {
  const media = window.matchMedia(query)
  const matches = ref(media.matches)
  const update = () => (matches.value = media.matches)
  media.addEventListener('change', update)
  onScopeDispose(() => media.removeEventListener('change', update))
  return matches
}

/** Room for the sidebar beside a list. */
export const useWide = () => useMedia('(min-width: 768px)')
/** Room for the conversation beside the tasks, too. */
export const useBroad = () => useMedia('(min-width: 1100px)')
