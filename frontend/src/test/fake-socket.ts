/** The other end of a live connection, as a test plays it. */
import type { ServerFrame } from '@/api/types'
import type { SocketLike } from '@/live/socket'

export const MINUTE = 60_000

export class FakeSocket implements SocketLike {
  readyState = 0
  sent: Record<string, unknown>[] = []
  closed = false
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }

  close(): void {
    this.closed = true
    this.readyState = 3
  }

  open(): void {
    this.readyState = 1
    this.onopen?.(new Event('open'))
  }

  says(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as MessageEvent)
  }

  ends(code: number): void {
    this.readyState = 3
    this.onclose?.({ code } as CloseEvent)
  }
}

export const readyIn = (minutes = 15): ServerFrame => ({
  op: 'ready',
  account_id: 'me',
  expires_at: new Date(Date.now() + minutes * MINUTE).toISOString(),
})
