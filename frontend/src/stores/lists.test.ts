// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tokens } from '@/api/clients'
import type { EventFrame, Issued } from '@/api/types'
import { useLists } from './lists'

const list = (fields = {}) => ({ id: 'a', title: 'then', my_role: 'viewer', version: 1, ...fields })

const renamed = {
  op: 'event', topic: 'list:a', seq: 2, kind: 'list.updated', at: '', actor_id: null, data: { id: 'a', title: 'now' },
} as EventFrame

describe('the lists', () => {
  /** What the server has; `meanwhile` happens once, after the server read its answer and before it arrives. */
  let held = list()
  let meanwhile = () => {}

  beforeEach(() => {
    setActivePinia(createPinia())
    tokens.hold({ access_token: `.${btoa(JSON.stringify({ sub: 'me' }))}.`, expires_in: 900 } as Issued)
    held = list()
    meanwhile = () => {}
    vi.stubGlobal('fetch', vi.fn(serve))
  })

  afterEach(() => void vi.unstubAllGlobals())

  function serve(request: Request): Promise<Response> {
    const answer = request.url.endsWith('/a') ? held : { items: [held], next: null, seq: held.version, epoch: 'e' }
    const response = Response.json(answer)
    meanwhile()
    meanwhile = () => {}
    return Promise.resolve(response)
  }

  it('reads again when an event overtook what it read', async () => {
    const lists = useLists()
    await lists.load()
    meanwhile = () => {
      held = list({ title: 'now', version: 2 })
      lists.apply(renamed)
    }
    await lists.load()
    expect(lists.collection.items.a?.title).toBe('now')
  })

  it('reads again when a role changed while it read', async () => {
    const lists = useLists()
    await lists.load()
    meanwhile = () => {
      held = list({ my_role: 'owner' })
      lists.setRole('a', 'owner')
    }
    await lists.load()
    expect(lists.collection.items.a?.my_role).toBe('owner')
  })

  it('takes a new role of a list that is the same otherwise', async () => {
    const lists = useLists()
    await lists.load()
    held = list({ my_role: 'editor' })
    await lists.fetchOne('a')
    expect(lists.collection.items.a?.my_role).toBe('editor')
  })
})
