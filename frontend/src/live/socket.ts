/** One live connection to one service: authenticates, stays authenticated, comes back, and resumes its topics. */
import { toApiError } from '@/api/problem'
import type { ClientFrame, ServerFrame } from '@/api/types'
import { backoff } from './backoff'
import { Topics, type TopicHandler } from './topics'

/** `stopped`: nobody wants it. `refused`: the server said not to come back. */
export type LiveState = 'stopped' | 'connecting' | 'ready' | 'waiting' | 'refused'

export interface SocketLike {
  readyState: number
  send(text: string): void
  close(code?: number): void
  onopen: ((event: Event) => void) | null
  onmessage: ((event: MessageEvent) => void) | null
  onclose: ((event: CloseEvent) => void) | null
}

export interface LiveOptions {
  url: string
  /** A token good for at least `lifetime` milliseconds. */
  token: (lifetime: number) => Promise<string>
  /** The server ended the session: asks auth whether that is so. True when it gave a new token; fails when it is away. */
  renew: () => Promise<boolean>
  onState: (state: LiveState) => void
  connect?: (url: string) => SocketLike
  random?: () => number
}

const PING_EVERY = 25_000
const ANSWER_WITHIN = 10_000
const READY_WITHIN = 15_000
const RENEW_BEFORE = 60_000
/** How often to authenticate when this computer's clock says that every token has expired. */
const RENEW_BLINDLY = 30_000
const OPEN = 1

export class LiveSocket {
  readonly topics = new Topics((frame) => this.send(frame))
  private state: LiveState = 'stopped'
  private socket: SocketLike | null = null
  private attempt = 0
  private refusals = 0
  private failedRenewals = 0
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private pingTimer: ReturnType<typeof setTimeout> | undefined
  private renewTimer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly options: LiveOptions) {}

  start(): void {
    if (this.state === 'stopped') this.open()
  }

  stop(): void {
    this.enter('stopped')
    this.drop()
  }

  follow(topic: string, handler: TopicHandler): () => void {
    return this.topics.follow(topic, handler)
  }

  /** Sends a frame if the connection is ready; nothing is kept for later. */
  send(frame: ClientFrame): boolean {
    if (this.state !== 'ready' || this.socket?.readyState !== OPEN) return false
    this.socket.send(JSON.stringify(frame))
    return true
  }

  /** The network, or the page, is back: try at once, or make sure the connection still lives. */
  wake(): void {
    if (this.state === 'waiting') this.open()
    else if (this.state === 'ready') this.ping(ANSWER_WITHIN / 2)
  }

  /** The network is gone: do not wait for the connection to find out. */
  sleep(): void {
    if (this.state !== 'ready' && this.state !== 'connecting') return
    this.drop()
    this.enter('waiting')
  }

  private enter(state: LiveState): void {
    if (state === this.state) return
    this.state = state
    this.options.onState(state)
  }

  private open(): void {
    clearTimeout(this.retryTimer)
    this.enter('connecting')
    const socket = (this.options.connect ?? ((url) => new WebSocket(url)))(this.options.url)
    this.socket = socket
    this.giveUpIn(READY_WITHIN)
    socket.onopen = () => void this.authenticate(socket, ANSWER_WITHIN)
    socket.onmessage = ({ data }) => {
      if (socket === this.socket) this.receive(JSON.parse(String(data)) as ServerFrame)
    }
    socket.onclose = ({ code }) => {
      if (socket === this.socket) void this.closed(code)
    }
  }

  private async authenticate(socket: SocketLike, lifetime: number): Promise<void> {
    try {
      const token = await this.options.token(lifetime)
      if (socket === this.socket && socket.readyState === OPEN) socket.send(JSON.stringify({ op: 'auth', token }))
    } catch (error) {
      if (socket !== this.socket) return
      if (this.state === 'ready' && toApiError(error).temporary) this.renewAgain(socket, lifetime)
      else socket.close()
    }
  }

  /** Auth is away, this service is not: the server ends the connection when the token has expired, and not before. */
  private renewAgain(socket: SocketLike, lifetime: number): void {
    const wait = backoff(this.failedRenewals, this.options.random)
    this.failedRenewals += 1
    this.renewTimer = setTimeout(() => void this.authenticate(socket, lifetime), wait)
  }

  private receive(frame: ServerFrame): void {
    if (this.state === 'ready' || frame.op === 'ready') this.schedulePing()
    if (frame.op !== 'ready') return this.topics.receive(frame)
    this.attempt = 0
    this.refusals = 0
    this.failedRenewals = 0
    this.scheduleRenewal(frame.expires_at)
    if (this.state === 'ready') return
    this.enter('ready')
    this.topics.resume()
  }

  private scheduleRenewal(expiresAt: string): void {
    clearTimeout(this.renewTimer)
    const socket = this.socket
    const left = new Date(expiresAt).getTime() - Date.now()
    const late = left <= 0
    const wait = late ? RENEW_BLINDLY : Math.max(1000, left / 2, left - RENEW_BEFORE)
    // A token that lives no longer than the present one, or than until the next try, would not help.
    const lifetime = (late ? RENEW_BLINDLY : left - wait) + ANSWER_WITHIN
    this.renewTimer = setTimeout(() => socket && void this.authenticate(socket, lifetime), wait)
  }

  private schedulePing(): void {
    clearTimeout(this.pingTimer)
    this.pingTimer = setTimeout(() => this.ping(ANSWER_WITHIN), PING_EVERY)
  }

  /** A connection that died without a word is found by the silence after a ping. */
  private ping(within: number): void {
    clearTimeout(this.pingTimer)
    if (this.send({ op: 'ping' })) this.giveUpIn(within)
  }

  /** Unless the server says something until then. */
  private giveUpIn(milliseconds: number): void {
    clearTimeout(this.pingTimer)
    this.pingTimer = setTimeout(() => {
      this.drop()
      this.retry()
    }, milliseconds)
  }

  private async closed(code: number): Promise<void> {
    this.drop()
    if (code === 4500) await this.refused()
    else if (code > 4500 && code < 5000) this.enter('refused')
    else this.retry()
  }

  private async refused(): Promise<void> {
    this.refusals += 1
    this.enter('waiting')
    const renewed = this.refusals < 3 && (await this.options.renew().catch(() => 'later'))
    if (this.state !== 'waiting') return
    if (renewed === 'later') this.refusals -= 1
    else this.attempt = 0 // the service is there: what kept us out is mended
    if (renewed) this.retry()
    else this.enter('refused')
  }

  private retry(): void {
    this.enter('waiting')
    clearTimeout(this.retryTimer)
    this.retryTimer = setTimeout(() => this.open(), backoff(this.attempt, this.options.random))
    this.attempt += 1
  }

  private drop(): void {
    clearTimeout(this.retryTimer)
    clearTimeout(this.pingTimer)
    clearTimeout(this.renewTimer)
    const socket = this.socket
    this.socket = null
    this.topics.pause()
    socket?.close()
  }
}
