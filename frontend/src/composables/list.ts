/** An open list: itself, its tasks as they are shown, its members; read when it is opened and live from then on. */
import { computed, type MaybeRefOrGetter, toValue, watch } from 'vue'
import type { Task } from '@/api/types'
import { byPosition } from '@/domain/order'
import type { PendingTask } from '@/domain/outbox'
import { overlaid } from '@/domain/overlay'
import { useContents } from '@/stores/contents'
import { useLists } from '@/stores/lists'
import { useLive } from '@/stores/live'
import { useOutbox } from '@/stores/outbox'

export function useList(id: MaybeRefOrGetter<string>) {
  const lists = useLists()
  const contents = useContents()
  const outbox = useOutbox()
  const live = useLive()

  const list = computed(() => lists.collection.items[toValue(id)])
  const content = computed(() => contents.of(toValue(id)))
  const tasks = computed(() => overlaid(Object.values(content.value.tasks.items), content.value.changes).sort(byPosition))
  const open = computed(() => tasks.value.filter((task) => !task.done))
  const done = computed(() => tasks.value.filter((task) => task.done).sort(latestFirst))
  const members = computed(() => Object.values(content.value.members.items).sort((a, b) => (a.id < b.id ? -1 : 1)))
  const mayEdit = computed(() => list.value?.my_role === 'owner' || list.value?.my_role === 'editor')
  const pending = computed(() =>
    outbox.queue.filter(
      (entry): entry is PendingTask =>
        entry.kind === 'task' && entry.place === toValue(id) && !content.value.tasks.items[entry.id],
    ),
  )

  async function load(): Promise<void> {
    const listId = toValue(id)
    try {
      live.seed('todo', `list:${listId}`, await contents.load(listId))
    } catch {
      // `loading` says so, with a button to try again; it also tries by itself when the service is back.
    }
  }

  watch(
    () => [toValue(id), Boolean(list.value), live.states.todo === 'ready'] as const,
    ([, known]) => {
      if (known && (content.value.loading === 'idle' || content.value.loading === 'failed')) void load()
    },
    { immediate: true },
  )

  return { list, content, open, done, members, mayEdit, pending, load }
}

const latestFirst = (a: Task, b: Task): number => ((a.done_at ?? '') < (b.done_at ?? '') ? 1 : -1)
