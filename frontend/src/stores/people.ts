/** Names and colours of the people seen so far; ids asked for in the same moment travel in one request. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { auth } from '@/api/clients'
import { call } from '@/api/problem'
import type { Profile } from '@/api/types'

const AT_ONCE = 100

export const usePeople = defineStore('people', () => {
  const profiles = shallowRef<Record<string, Profile>>({})
  const wanted = new Set<string>()
  const asked = new Set<string>()
  let scheduled = false

  function learn(items: Profile[]): void {
    profiles.value = { ...profiles.value, ...Object.fromEntries(items.map((item) => [item.id, item])) }
  }

  /** Makes sure the profiles arrive sooner or later. */
  function want(ids: Iterable<string | null>): void {
    for (const id of ids) if (id && !asked.has(id)) wanted.add(id)
    if (wanted.size === 0 || scheduled) return
    scheduled = true
    setTimeout(() => void fetchWanted(), 20)
  }

  async function fetchWanted(): Promise<void> {
    const ids = [...wanted].slice(0, AT_ONCE)
    ids.forEach((id) => (wanted.delete(id), asked.add(id)))
    scheduled = false
    try {
      learn((await call(auth.GET('/api/auth/accounts', { params: { query: { ids } } }))).items)
    } catch {
      ids.forEach((id) => asked.delete(id)) // asked again when they are next on screen
    }
    want([])
  }

  async function findByEmail(email: string): Promise<Profile | null> {
    const { items } = await call(auth.GET('/api/auth/accounts', { params: { query: { email } } }))
    learn(items)
    return items[0] ?? null
  }

  function clear(): void {
    profiles.value = {}
    asked.clear()
  }

  return { profiles, want, learn, findByEmail, clear }
})
