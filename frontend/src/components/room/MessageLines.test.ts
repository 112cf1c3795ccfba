// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Message, Room } from '@/api/types'
import type { Line } from '@/domain/conversation'
import { type Mounted, mount } from '@/test/mount'
import { useMessages } from '@/stores/messages'
import MessageLines from './MessageLines.vue'

const ROOM = { id: 'room', my_role: 'owner' } as Room
const PAGE = 50

describe('the lines of a room', () => {
  let heights = { scrollHeight: 0, clientHeight: 0 }
  let away = false
  let mounted: Mounted
  const asked: number[] = []

  beforeEach(() => {
    setActivePinia(createPinia())
    asked.length = 0
    away = false
    for (const name of ['scrollHeight', 'clientHeight'] as const) {
      vi.spyOn(HTMLElement.prototype, name, 'get').mockImplementation(() => heights[name])
    }
    vi.stubGlobal('fetch', vi.fn(serve))
  })

  afterEach(() => {
    mounted.unmount()
    vi.unstubAllGlobals()
  })

  const tombstone = (seq: number) =>
    ({ id: `id-${seq}`, seq, version: seq, room_id: 'room', thread_id: null, deleted_at: 'x' }) as unknown as Message

  /** 120 messages, all of them deleted in a way that fills little of the pane. */
  async function serve(request: Request): Promise<Response> {
    const url = new URL(request.url)
    if (url.pathname.endsWith('/refresh')) return Response.json({ access_token: 'token', expires_in: 900 })
    const before = Number(url.searchParams.get('before') ?? 121)
    asked.push(before)
    if (away && before < 121) return Response.json({ code: 'unavailable' }, { status: 503 })
    const from = Math.max(1, before - PAGE)
    const items = Array.from({ length: before - from }, (_, index) => tombstone(from + index))
    return Response.json({ items, next: from > 1 ? 'more' : null, seq: 120, epoch: 'e' })
  }

  const lines = (): Line[] => [{ key: 'day', kind: 'day', at: new Date(0) } as unknown as Line]
  const settled = async () => {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setTimeout(resolve))
  }
  const area = () => mounted.root.querySelector<HTMLElement>('[role=log]')!

  async function open(scrollHeight: number, clientHeight: number): Promise<void> {
    heights = { scrollHeight, clientHeight }
    const messages = useMessages()
    await messages.load('room')
    mounted = mount(MessageLines, { room: ROOM, lines: lines(), conversation: messages.of('room') })
    await settled()
  }

  async function scrollUp(): Promise<void> {
    area().scrollTop = 0
    area().dispatchEvent(new Event('scroll'))
    await settled()
  }

  it('reads on until the pane is full or the beginning is there', async () => {
    await open(300, 300)
    await vi.waitFor(() => expect(asked).toEqual([121, 71, 21]))
  })

  it.each([['full', 900, 300], ['not shown', 0, 0]])('reads nothing that is not asked for when the pane is %s', async (_, scrollHeight, clientHeight) => {
    await open(scrollHeight, clientHeight)
    expect(asked).toEqual([121])
  })

  it('says once that it failed, and goes on when it is told to', async () => {
    away = true
    await open(900, 300)
    for (let turn = 0; turn < 3; turn += 1) await scrollUp()
    expect(asked).toEqual([121, 71])
    away = false
    const again = [...mounted.root.querySelectorAll('button')].find((button) => button.textContent?.includes('Try again'))!
    again.click()
    await settled()
    await scrollUp()
    await vi.waitFor(() => expect(asked).toEqual([121, 71, 71, 21]))
  })
})
