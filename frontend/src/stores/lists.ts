/** The lists of the person who is signed in, as the sidebar shows them. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { todo } from '@/api/clients'
import { newId } from '@/api/ids'
import { allPages } from '@/api/pages'
import { call, toApiError } from '@/api/problem'
import { withRetries } from '@/api/retry'
import type { EventFrame, List, Role } from '@/api/types'
import { emptyCollection, put, putAll, without } from '@/domain/collection'
import { holdsResource } from '@/domain/events'
import { putAnswer, withRole } from '@/domain/roles'
import type { Loading } from './loading'

export const useLists = defineStore('lists', () => {
  const collection = shallowRef(emptyCollection<List>())
  const loading = ref<Loading>('idle')
  const sorted = computed(() => Object.values(collection.value.items).sort((a, b) => (a.id < b.id ? -1 : 1)))
  const ids = computed(() => sorted.value.map((list) => list.id))

  /** Raised by each change made here, so that a load which began before it is known to be out of date. */
  let changes = 0

  /** Reads all lists; gives the place in the topic `user:<me>` that they are at least as new as. */
  async function load(): Promise<{ seq: number; epoch: string }> {
    if (loading.value !== 'ready') loading.value = 'loading'
    const before = changes
    try {
      const { first, items } = await allPages((cursor) =>
        call(todo.GET('/api/todo/lists', { params: { query: { limit: 200, cursor } } })),
      )
      if (changes !== before) return await load()
      collection.value = putAll(emptyCollection<List>(), items)
      loading.value = 'ready'
      return { seq: first.seq, epoch: first.epoch }
    } catch (error) {
      if (loading.value !== 'ready') loading.value = 'failed'
      throw error
    }
  }

  const roleIn = (id: string) => collection.value.items[id]?.my_role

  async function fetchOne(id: string): Promise<void> {
    const before = roleIn(id)
    try {
      const list = await call(todo.GET('/api/todo/lists/{list_id}', { params: { path: { list_id: id } } }))
      keep(list, before)
    } catch (error) {
      if (toApiError(error).status === 404) drop(id)
      else throw error
    }
  }

  async function create(title: string, color: string): Promise<List> {
    const body = { id: newId(), title, color }
    const list = await withRetries(() => call(todo.POST('/api/todo/lists', { body })))
    keep(list)
    return list
  }

  async function update(id: string, fields: { title?: string; color?: string }): Promise<void> {
    const path = { list_id: id }
    const before = roleIn(id)
    keep(await call(todo.PATCH('/api/todo/lists/{list_id}', { params: { path }, body: fields })), before)
  }

  function keep(list: List, before?: Role): void {
    changes += 1
    collection.value = putAnswer(collection.value, list, before)
  }

  async function destroy(id: string): Promise<void> {
    await call(todo.DELETE('/api/todo/lists/{list_id}', { params: { path: { list_id: id } } }))
    drop(id)
  }

  /** `list.updated` holds what is the same for everybody; the role stays what it was. */
  function apply(frame: EventFrame): void {
    const known = collection.value.items[String(frame.data.id)]
    if (known && frame.kind === 'list.updated' && holdsResource(frame)) {
      changes += 1
      collection.value = put(collection.value, { ...known, ...frame.data, version: frame.seq })
    }
  }

  function setRole(id: string, role: Role): void {
    changes += 1
    collection.value = withRole(collection.value, id, role)
  }

  function drop(id: string): void {
    changes += 1
    collection.value = without(collection.value, id)
  }

  function clear(): void {
    collection.value = emptyCollection()
    loading.value = 'idle'
  }

  return { collection, loading, sorted, ids, load, fetchOne, create, update, destroy, apply, setRole, drop, clear }
})
