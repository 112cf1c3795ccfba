/** Reads what is further up: near the top, and while the pane is not full, for then nothing can be scrolled. */
import { onScopeDispose, ref, type ShallowRef, watch } from 'vue'
import type { Conversation } from '@/stores/messages'

const NEAR = 300

export function useOlder(
  area: Readonly<ShallowRef<HTMLElement | null>>,
  conversation: () => Conversation,
  load: () => Promise<void>,
) {
  /** It is not tried again by itself: each scroll event would fail once more, and say so. */
  const failed = ref(false)

  async function older(): Promise<void> {
    const { loading, loadingOlder, oldest } = conversation()
    if (failed.value || loading !== 'ready' || loadingOlder || oldest === 0) return
    await load()
    failed.value = conversation().oldest === oldest
  }

  function near(): void {
    if (area.value && area.value.scrollTop < NEAR) void older()
  }

  function fill(): void {
    const box = area.value
    // A pane that is not shown has no height, and is never full.
    if (box && box.clientHeight > 0 && box.scrollHeight <= box.clientHeight) void older()
  }

  function again(): void {
    failed.value = false
    void older()
  }

  const observer = new ResizeObserver(fill)
  watch(
    area,
    (box) => {
      observer.disconnect()
      if (box) observer.observe(box)
    },
    { immediate: true, flush: 'post' },
  )
  watch(conversation, () => (failed.value = false))
  watch(
    () => [area.value, conversation().messages, conversation().loading, conversation().loadingOlder],
    fill,
    { flush: 'post' },
  )
  onScopeDispose(() => observer.disconnect())

  return { failed, near, again }
}
