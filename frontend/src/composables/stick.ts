/** A scroll area that stays at its end while it is there, and keeps its place when something grows above. */
import { nextTick, onScopeDispose, ref, type ShallowRef, watch } from 'vue'

const NEAR = 48

export function useStickToEnd(area: Readonly<ShallowRef<HTMLElement | null>>) {
  const atEnd = ref(true)
  let height = 0

  const measure = () => {
    const box = area.value
    if (box) atEnd.value = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR
  }

  function toEnd(smooth = false): void {
    area.value?.scrollTo({ top: area.value.scrollHeight, behavior: smooth ? 'smooth' : 'instant' })
    atEnd.value = true
  }

  /** Runs something that adds lines above, without moving what is being read. */
  async function keepPlace(grow: () => Promise<void>): Promise<void> {
    height = area.value?.scrollHeight ?? 0
    await grow()
    await nextTick()
    if (area.value) area.value.scrollTop += area.value.scrollHeight - height
  }

  const observer = new ResizeObserver(() => atEnd.value && toEnd())
  watch(
    area,
    (box) => {
      observer.disconnect()
      if (!box) return
      observer.observe(box)
      if (box.firstElementChild) observer.observe(box.firstElementChild)
      toEnd()
    },
    { immediate: true, flush: 'post' },
  )
  onScopeDispose(() => observer.disconnect())

  return { atEnd, measure, toEnd, keepPlace }
}
