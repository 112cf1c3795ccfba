/** The rooms of the person who is signed in, and what in them is unread. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { chat } from '@/api/clients'
import { newId } from '@/api/ids'
import { allPages } from '@/api/pages'
import { call, toApiError } from '@/api/problem'
import { withRetries } from '@/api/retry'
import type { EventFrame, Role, Room } from '@/api/types'
import { emptyCollection, putAll, without } from '@/domain/collection'
import { holdsResource } from '@/domain/events'
import { putAnswer, withRole } from '@/domain/roles'
import type { Loading } from './loading'

interface Reading {
  last: number
  read: number
}

export const useRooms = defineStore('rooms', () => {
  const collection = shallowRef(emptyCollection<Room>())
  const loading = ref<Loading>('idle')
  const readings = ref<Record<string, Reading>>({})
  const all = computed(() => Object.values(collection.value.items))
  const ids = computed(() => Object.keys(collection.value.items))
  const byList = computed(() => new Map(all.value.flatMap((room) => (room.list_id ? [[room.list_id, room]] : []))))
  const conversations = computed(() => all.value.filter((room) => room.kind !== 'list'))

  /** Raised by each change made here, so that a load which began before it is known to be out of date. */
  let changes = 0

  async function load(): Promise<{ seq: number; epoch: string }> {
    if (loading.value !== 'ready') loading.value = 'loading'
    const before = changes
    try {
      const { first, items } = await allPages((cursor) =>
        call(chat.GET('/api/chat/rooms', { params: { query: { limit: 200, cursor } } })),
      )
      if (changes !== before) return await load()
      collection.value = putAll(emptyCollection<Room>(), items)
      await loadUnread()
      loading.value = 'ready'
      return { seq: first.seq, epoch: first.epoch }
    } catch (error) {
      if (loading.value !== 'ready') loading.value = 'failed'
      throw error
    }
  }

  async function loadUnread(): Promise<void> {
    const { items } = await call(chat.GET('/api/chat/unread'))
    for (const { room_id, last_number, read_number } of items) {
      const known = readings.value[room_id]
      readings.value[room_id] = {
        last: Math.max(last_number, known?.last ?? 0),
        read: Math.max(read_number, known?.read ?? 0),
      }
    }
  }

  const roleIn = (id: string) => collection.value.items[id]?.my_role

  async function fetchOne(id: string): Promise<void> {
    const before = roleIn(id)
    try {
      const room = await call(chat.GET('/api/chat/rooms/{room_id}', { params: { path: { room_id: id } } }))
      learn(room, before)
    } catch (error) {
      if (toApiError(error).status === 404) drop(id)
      else throw error
    }
  }

  async function openGroup(title: string): Promise<Room> {
    const body = { kind: 'group' as const, id: newId(), title }
    return learn(await withRetries(() => call(chat.POST('/api/chat/rooms', { body }))))
  }

  async function openDirect(accountId: string): Promise<Room> {
    const body = { kind: 'direct' as const, account_id: accountId }
    return learn(await withRetries(() => call(chat.POST('/api/chat/rooms', { body }))))
  }

  function learn(room: Room, before = roleIn(room.id)): Room {
    changes += 1
    collection.value = putAnswer(collection.value, room, before)
    return room
  }

  function apply(frame: EventFrame): void {
    const known = collection.value.items[String(frame.data.id)]
    if (known && frame.kind === 'room.updated' && holdsResource(frame)) {
      learn({ ...known, ...frame.data, version: frame.seq })
    }
  }

  function setRole(id: string, role: Role): void {
    changes += 1
    collection.value = withRole(collection.value, id, role)
  }

  const unread = (roomId: string): number => {
    const reading = readings.value[roomId]
    return reading ? Math.max(0, reading.last - reading.read) : 0
  }

  const readingOf = (roomId: string): Reading => (readings.value[roomId] ??= { last: 0, read: 0 })

  function said(roomId: string, number: number): void {
    const reading = readingOf(roomId)
    reading.last = Math.max(reading.last, number)
  }

  function readUpTo(roomId: string, number: number): void {
    const reading = readingOf(roomId)
    reading.read = Math.max(reading.read, number)
  }

  /** Everything in the room has been seen. The badge goes at once; if telling the server fails, the next time tells it. */
  async function markRead(roomId: string): Promise<void> {
    const { last, read } = readingOf(roomId)
    if (last <= read) return
    readUpTo(roomId, last)
    const path = { room_id: roomId }
    await call(chat.PUT('/api/chat/rooms/{room_id}/read', { params: { path }, body: { number: last } })).catch(() => {})
  }

  function drop(id: string): void {
    changes += 1
    collection.value = without(collection.value, id)
    delete readings.value[id]
  }

  function clear(): void {
    collection.value = emptyCollection()
    readings.value = {}
    loading.value = 'idle'
  }

  return {
    collection, loading, readings, all, ids, byList, conversations, load, loadUnread, fetchOne, openGroup, openDirect,
    apply, setRole, unread, readingOf, said, readUpTo, markRead, drop, clear,
  }
})
