// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tokens } from '@/api/clients'
import type { EventFrame, Issued } from '@/api/types'
import { useMessages } from './messages'

const message = (id: string, seq: number) => ({ id, room_id: 'r', seq, number: seq, body: 'words', version: seq, deleted_at: null })

const deleted = (id: string, seq: number) =>
  ({ op: 'event', topic: 'room:r', seq, kind: 'message.deleted', at: '', actor_id: null, data: { id, version: seq } }) as EventFrame

describe('messages', () => {
  let page: unknown = null
  /** Happens once, after the server read a page and before it arrives. */
  let meanwhile = () => {}

  beforeEach(() => {
    setActivePinia(createPinia())
    tokens.hold({ access_token: `.${btoa(JSON.stringify({ sub: 'me' }))}.`, expires_in: 900 } as Issued)
    vi.stubGlobal('fetch', () => {
      meanwhile()
      meanwhile = () => {}
      return Promise.resolve(Response.json(page))
    })
  })

  afterEach(() => void vi.unstubAllGlobals())

  const shown = () => Object.keys(useMessages().of('r').messages.items)

  it('do not come back with a first page that is older than their deletion', async () => {
    page = { items: [message('a', 1), message('b', 2)], next: null, seq: 2, epoch: 'e' }
    meanwhile = () => useMessages().apply('r', deleted('b', 3))
    await useMessages().load('r')
    expect(shown()).toEqual(['a'])
  })

  it('do not come back with an older page, either', async () => {
    page = { items: [message('b', 2)], next: '2', seq: 2, epoch: 'e' }
    await useMessages().load('r')
    page = { items: [message('a', 1)], next: null, seq: 2, epoch: 'e' }
    meanwhile = () => useMessages().apply('r', deleted('a', 3))
    await useMessages().loadOlder('r')
    expect(shown()).toEqual(['b'])
  })
})
