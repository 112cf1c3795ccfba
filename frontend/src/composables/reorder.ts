/** A row that can be dragged to another place among its kind. */
import { combine } from '@atlaskit/pragmatic-drag-and-drop/combine'
import { draggable, dropTargetForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter'
import { onScopeDispose, ref, type ShallowRef, watch } from 'vue'

type Edge = 'top' | 'bottom'

interface Options {
  element: Readonly<ShallowRef<HTMLElement | null>>
  handle: Readonly<ShallowRef<HTMLElement | null>>
  id: () => string
  dropped: (draggedId: string, edge: Edge) => void
}

const KIND = 'todolist/row'

export function useReorder({ element, handle, id, dropped }: Options) {
  const dragging = ref(false)
  const edge = ref<Edge | null>(null)
  let cleanUp = () => {}

  const edgeAt = (row: Element, y: number): Edge => {
    const box = row.getBoundingClientRect()
    return y < box.top + box.height / 2 ? 'top' : 'bottom'
  }

  function attach(row: HTMLElement, grip: HTMLElement): void {
    cleanUp = combine(
      draggable({
        element: row,
        dragHandle: grip,
        getInitialData: () => ({ kind: KIND, id: id() }),
        onDragStart: () => (dragging.value = true),
        onDrop: () => (dragging.value = false),
      }),
      dropTargetForElements({
        element: row,
        canDrop: ({ source }) => source.data.kind === KIND && source.data.id !== id(),
        onDrag: ({ location }) => (edge.value = edgeAt(row, location.current.input.clientY)),
        onDragLeave: () => (edge.value = null),
        onDrop: ({ source, location }) => {
          edge.value = null
          dropped(String(source.data.id), edgeAt(row, location.current.input.clientY))
        },
      }),
    )
  }

  watch(
    [element, handle],
    ([row, grip]) => {
      cleanUp()
      cleanUp = () => {}
      if (row && grip) attach(row, grip)
    },
    { immediate: true, flush: 'post' },
  )
  onScopeDispose(() => cleanUp())

  return { dragging, edge }
}
