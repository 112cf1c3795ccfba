// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tokens } from '@/api/clients'
import type { Issued } from '@/api/types'
import { useOutbox } from './outbox'

const ROOM = '019a0000-0000-7000-8000-000000000001'

describe('the outbox', () => {
  /** What the server got, and how it answers next: `lost` took it in, but its answer does not arrive. */
  let received: { id: string; body: string }[] = []
  let behaviour: (() => 'ok' | 'lost' | 'away' | 'refused') | null = null

  beforeEach(() => {
    vi.useFakeTimers()
    localStorage.clear()
    setActivePinia(createPinia())
    received = []
    behaviour = null
    tokens.hold({ access_token: 'token', expires_in: 900 } as Issued)
    vi.stubGlobal('fetch', vi.fn(serve))
  })

  afterEach(() => {
    useOutbox().close()
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  async function serve(request: Request): Promise<Response> {
    const how = behaviour?.() ?? 'ok'
    const body = (await request.json()) as { id: string; body: string }
    const problem = (status: number, code: string) => Response.json({ status, code, title: code, type: 'about:blank' }, { status })
    if (how === 'away') return problem(503, 'unavailable')
    if (how === 'refused') return problem(403, 'forbidden')
    if (!received.some(({ id }) => id === body.id)) received.push(body)
    if (how === 'lost') throw new TypeError('network')
    return Response.json({ ...body, room_id: ROOM, number: received.length, seq: received.length, version: received.length })
  }

  const said = () => received.map(({ body }) => body)

  it('sends in order, again until it is there, each once', async () => {
    const ways = ['lost', 'away', 'lost', 'ok', 'away'] as const
    let turn = 0
    behaviour = () => ways[turn++] ?? 'ok'
    const outbox = useOutbox()
    outbox.open('me')
    for (const text of ['one', 'two', 'three']) outbox.addMessage(ROOM, text)
    await vi.runAllTimersAsync()
    expect(said()).toEqual(['one', 'two', 'three'])
    expect(outbox.queue).toEqual([])
  })

  it('keeps what waits when the page is closed, for its owner only', async () => {
    behaviour = () => 'away'
    const outbox = useOutbox()
    outbox.open('me')
    outbox.addMessage(ROOM, 'one')
    await vi.advanceTimersByTimeAsync(10)
    outbox.close()
    behaviour = null
    outbox.open('somebody else')
    expect(outbox.queue).toEqual([])
    outbox.open('me')
    await vi.runAllTimersAsync()
    expect(said()).toEqual(['one'])
    expect(localStorage).toHaveLength(0)
  })

  it('keeps a refused one with its reason, and lets the others pass', async () => {
    let turn = 0
    behaviour = () => (turn++ === 0 ? 'refused' : 'ok')
    const outbox = useOutbox()
    outbox.open('me')
    outbox.addMessage(ROOM, 'one')
    outbox.addMessage(ROOM, 'two')
    await vi.runAllTimersAsync()
    expect(said()).toEqual(['two'])
    expect(outbox.queue.map(({ failed }) => failed)).toEqual(['forbidden'])
    outbox.retry(outbox.queue[0]!.id)
    await vi.runAllTimersAsync()
    expect(said()).toEqual(['two', 'one'])
  })

  const ids = () => useOutbox().queue.map(({ id }) => id)

  /** What another tab does: its change of the storage, and the event that tells of it. */
  function elsewhere(id: string, tell = true): void {
    const key = `todolist.outbox.me.${id}`
    localStorage.removeItem(key)
    if (tell) window.dispatchEvent(Object.assign(new Event('storage'), { key, newValue: null }))
  }

  it('does not bring back what another tab has settled', async () => {
    behaviour = () => 'away'
    const outbox = useOutbox()
    outbox.open('me')
    outbox.addMessage(ROOM, 'one')
    await vi.advanceTimersByTimeAsync(10)
    elsewhere(ids()[0]!, false)
    outbox.addMessage(ROOM, 'two')
    expect(Object.keys(localStorage)).toEqual([`todolist.outbox.me.${ids()[1]}`])
  })

  it('lets go of what another tab has settled or discarded', async () => {
    behaviour = () => 'away'
    const outbox = useOutbox()
    outbox.open('me')
    outbox.addMessage(ROOM, 'one')
    outbox.addMessage(ROOM, 'two')
    await vi.advanceTimersByTimeAsync(10)
    elsewhere(ids()[0]!)
    behaviour = null
    await vi.runAllTimersAsync()
    expect(said()).toEqual(['two'])
    expect(outbox.queue).toEqual([])
  })

  it('sends what does not fit into the storage any more', async () => {
    const setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    vi.stubGlobal('localStorage', Object.create({ setItem, removeItem: () => {} }) as Storage)
    const outbox = useOutbox()
    outbox.open('me')
    outbox.addMessage(ROOM, 'one')
    await vi.runAllTimersAsync()
    expect(said()).toEqual(['one'])
  })
})
