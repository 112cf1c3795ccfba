// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { tokens } from '@/api/clients'
import type { Issued } from '@/api/types'
import { useContents } from '@/stores/contents'
import { useLists } from '@/stores/lists'
import { useMessages } from '@/stores/messages'
import { useRooms } from '@/stores/rooms'
import { FakeSocket, readyIn } from '@/test/fake-socket'
import { followChat } from './follow-chat'
import type { Followed } from './follow-each'
import { followTodo } from './follow-todo'
import { LiveSocket } from './socket'

const accessToken = `.${btoa(JSON.stringify({ sub: 'me' }))}.`
const page = (...items: unknown[]) => ({ items, next: null, seq: 10, epoch: 'e' })

describe('following', () => {
  /** What the server answers by path; a number is the status of a refusal. */
  let answers: Record<string, unknown> = {}
  let peer: FakeSocket
  let live: LiveSocket
  let followed: Followed

  beforeEach(() => {
    vi.useFakeTimers()
    setActivePinia(createPinia())
    tokens.hold({ access_token: accessToken, expires_in: 900 } as Issued)
    answers = { '/api/auth/accounts': { items: [] } }
    vi.stubGlobal('fetch', vi.fn(serve))
    live = new LiveSocket({
      url: '',
      token: () => Promise.resolve(accessToken),
      renew: () => Promise.resolve(true),
      onState: (state) => state === 'ready' && followed.catchUp(),
      connect: () => (peer = new FakeSocket()),
    })
  })

  afterEach(() => {
    followed.stop()
    live.stop()
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  function serve(request: Request): Promise<Response> {
    const answer = answers[new URL(request.url).pathname] ?? 404
    if (typeof answer !== 'number') return Promise.resolve(Response.json(answer))
    return Promise.resolve(Response.json({ status: answer, code: 'refused' }, { status: answer }))
  }

  const settle = () => vi.advanceTimersByTimeAsync(1000)

  async function start(follow: typeof followTodo): Promise<void> {
    followed = follow(live, 'me')
    live.start()
    await connect()
    await settle()
    await nextTick()
  }

  async function connect(): Promise<void> {
    peer.open()
    await vi.advanceTimersByTimeAsync(0)
    peer.says(readyIn())
  }

  const subscribed = (topic: string, seq: number, recovered = true) =>
    peer.says({ op: 'subscribed', topic, seq, epoch: 'e', recovered })

  const says = (topic: string, seq: number, kind: string, data: Record<string, unknown>) =>
    peer.says({ op: 'event', topic, seq, kind, at: '2026-01-01T00:00:00Z', actor_id: null, data })

  describe('lists', () => {
    const list = (fields = {}) => ({ id: 'a', title: 'then', my_role: 'viewer', version: 1, ...fields })
    const task = (fields = {}) => ({ id: 't', list_id: 'a', title: 'then', version: 1, ...fields })

    async function open(): Promise<void> {
      answers['/api/todo/lists'] = page(list())
      answers['/api/todo/lists/a/tasks'] = page(task())
      answers['/api/todo/lists/a/members'] = page()
      await start(followTodo)
      subscribed('list:a', 10)
      await settle()
      await useContents().load('a')
    }

    it('reads what cannot be replayed until it is there', async () => {
      await open()
      answers['/api/todo/lists/a'] = 503
      answers['/api/todo/lists/a/tasks'] = 503
      subscribed('list:a', 4000, false)
      await settle()
      answers['/api/todo/lists/a'] = list({ title: 'now', my_role: 'editor', version: 3000 })
      answers['/api/todo/lists/a/tasks'] = page(task({ title: 'now', version: 3001 }))
      await vi.advanceTimersByTimeAsync(60_000)
      expect(useLists().collection.items.a).toMatchObject({ title: 'now', my_role: 'editor' })
      expect(useContents().of('a').tasks.items.t?.title).toBe('now')
    })

    it('reads an open list again after a restore from backup', async () => {
      await open()
      answers['/api/todo/lists/a'] = list()
      peer.says({ op: 'subscribed', topic: 'list:a', seq: 2, epoch: 'other', recovered: false })
      await settle()
      expect(useContents().of('a').loading).toBe('ready')
    })

    it('reads a list that was added until it is there', async () => {
      await open()
      subscribed('user:me', 10)
      answers['/api/todo/lists/b'] = 503
      answers['/api/todo/lists'] = 503
      says('user:me', 11, 'list.added', { id: 'b' })
      await settle()
      answers['/api/todo/lists/b'] = list({ id: 'b' })
      await vi.advanceTimersByTimeAsync(60_000)
      expect(useLists().ids).toEqual(['a', 'b'])
    })
  })

  describe('rooms', () => {
    const room = (fields = {}) => ({ id: 'r', kind: 'group', title: 'then', my_role: 'member', version: 1, ...fields })
    const unread = (read: number) => ({ items: [{ room_id: 'r', last_number: 5, read_number: read }] })

    async function open(): Promise<void> {
      answers['/api/chat/rooms'] = page(room())
      answers['/api/chat/unread'] = unread(2)
      answers['/api/chat/rooms/r/messages'] = page()
      await start(followChat)
      subscribed('room:r', 10)
      await settle()
      await useMessages().load('r')
    }

    it('takes a new role', async () => {
      await open()
      says('room:r', 11, 'member.put', { account_id: 'somebody', role: 'viewer', version: 11 })
      expect(useRooms().collection.items.r?.my_role).toBe('member')
      says('room:r', 12, 'member.put', { account_id: 'me', role: 'owner', version: 12 })
      expect(useRooms().collection.items.r?.my_role).toBe('owner')
    })

    it('learns when it is back what was read elsewhere meanwhile', async () => {
      await open()
      expect(useRooms().unread('r')).toBe(3)
      peer.ends(1006)
      answers['/api/chat/unread'] = unread(5)
      await settle()
      await connect()
      await settle()
      expect(useRooms().unread('r')).toBe(0)
    })

    it('reads what cannot be replayed until it is there', async () => {
      await open()
      answers['/api/chat/rooms/r'] = 503
      answers['/api/chat/rooms/r/messages'] = 503
      subscribed('room:r', 4000, false)
      await settle()
      answers['/api/chat/rooms/r'] = room({ title: 'now', version: 3000 })
      answers['/api/chat/rooms/r/messages'] = page({ id: 'm', seq: 3500, number: 6, body: 'x', version: 3500 })
      await vi.advanceTimersByTimeAsync(60_000)
      expect(useRooms().collection.items.r?.title).toBe('now')
      expect(Object.keys(useMessages().of('r').messages.items)).toEqual(['m'])
    })
  })
})
