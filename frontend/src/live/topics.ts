/** What is followed on one socket, and how far: the cursor of each topic, kept across connections. */
import type { ClientFrame, EventFrame, ServerFrame, SignalFrame } from '@/api/types'

export interface Position {
  seq: number
  epoch: string
}

export interface TopicHandler {
  event(frame: EventFrame): void
  signal?(frame: SignalFrame): void
  /** Everything that happens from here on arrives as events. */
  live?(): void
  /** What was missed cannot be replayed: read it again over HTTP. `sameLog` is false after a restore from backup. */
  reset(sameLog: boolean): void
  /** Access ended, or the topic was deleted. */
  ended?(): void
}

interface Entry {
  handlers: Set<TopicHandler>
  /** The last event handled, or null while only "from now on" was asked for. */
  position: Position | null
  /** What a snapshot read meanwhile said, in case the subscription turns out to begin later. */
  seed: Position | null
  /** Where the subscription began "from now on": a snapshot that turns out to be older has missed what lies between. */
  from: number | null
  asked: boolean
  confirmed: boolean
}

const newEntry = (): Entry => ({
  handlers: new Set(), position: null, seed: null, from: null, asked: false, confirmed: false,
})

/** True when there are events between the two, or when they are not of one log: then the server says so. */
const isBefore = (snapshot: Position, head: Position): boolean =>
  snapshot.epoch !== head.epoch || snapshot.seq < head.seq

type Of<Op extends ServerFrame['op']> = Extract<ServerFrame, { op: Op }>

export class Topics {
  private readonly entries = new Map<string, Entry>()

  constructor(private readonly send: (frame: ClientFrame) => boolean) {}

  follow(topic: string, handler: TopicHandler): () => void {
    const known = this.entries.get(topic)
    const entry = known ?? newEntry()
    entry.handlers.add(handler)
    if (!known) {
      this.entries.set(topic, entry)
      this.subscribe(topic, entry)
    }
    return () => this.unfollow(topic, handler)
  }

  /** A snapshot of the topic was read over HTTP: events after `position` are wanted. */
  seed(topic: string, position: Position): void {
    const entry = this.entries.get(topic)
    if (!entry) return
    if (entry.position) this.rewind(topic, entry, position)
    else if (entry.asked) entry.seed = position
    else entry.position = position
  }

  /** The subscription was confirmed before the snapshot arrived. What is replayed twice is known by its version. */
  private rewind(topic: string, entry: Entry, position: Position): void {
    if (entry.from === null || !entry.position || !isBefore(position, { ...entry.position, seq: entry.from })) return
    entry.from = null
    entry.position = position
    this.again(topic, entry)
  }

  position(topic: string): Position | null {
    return this.entries.get(topic)?.position ?? null
  }

  /** The connection is authenticated: everything is asked for again, from where it was. */
  resume(): void {
    for (const [topic, entry] of this.entries) this.subscribe(topic, entry)
  }

  /** The connection is gone. */
  pause(): void {
    for (const entry of this.entries.values()) {
      entry.asked = false
      entry.confirmed = false
      entry.position ??= entry.seed
    }
  }

  receive(frame: ServerFrame): void {
    if (!('topic' in frame) || !frame.topic) return
    const entry = this.entries.get(frame.topic)
    if (!entry) return
    if (frame.op === 'subscribed') this.subscribed(frame, entry)
    else if (frame.op === 'event') this.event(frame, entry)
    else if (frame.op === 'signal') entry.handlers.forEach((handler) => handler.signal?.(frame))
    else if (frame.op === 'unsubscribed') this.end(frame.topic, entry)
    else if (frame.op === 'error' && frame.ref_op === 'subscribe') this.refused(frame, entry)
  }

  private refused(frame: Of<'error'>, entry: Entry): void {
    if (frame.code === 'not-found') this.end(frame.topic!, entry)
  }

  private end(topic: string, entry: Entry): void {
    this.entries.delete(topic)
    entry.handlers.forEach((handler) => handler.ended?.())
  }

  private subscribed(frame: Of<'subscribed'>, entry: Entry): void {
    const head = { seq: frame.seq, epoch: frame.epoch }
    entry.confirmed = true
    if (!frame.recovered) {
      const sameLog = entry.position?.epoch === frame.epoch
      entry.position = head
      entry.seed = null
      entry.from = null
      entry.handlers.forEach((handler) => handler.reset(sameLog))
      return
    }
    if (!entry.position && entry.seed && isBefore(entry.seed, head)) {
      entry.position = entry.seed
      entry.seed = null
      this.again(frame.topic, entry)
      return
    }
    if (!entry.position && !entry.seed) entry.from = head.seq
    entry.position ??= head
    entry.seed = null
    entry.handlers.forEach((handler) => handler.live?.())
  }

  private event(frame: EventFrame, entry: Entry): void {
    if (!entry.confirmed || !entry.position || frame.seq <= entry.position.seq) return
    if (frame.seq !== entry.position.seq + 1) {
      this.again(frame.topic, entry)
      return
    }
    entry.position = { seq: frame.seq, epoch: entry.position.epoch }
    entry.handlers.forEach((handler) => handler.event(frame))
  }

  /** Asks for everything after the last event that was handled; what still arrives of the old subscription is ignored. */
  private again(topic: string, entry: Entry): void {
    this.subscribe(topic, entry)
  }

  private subscribe(topic: string, entry: Entry): void {
    const { position } = entry
    const from = position ? { after: position.seq, epoch: position.epoch } : {}
    entry.confirmed = false
    entry.asked = this.send({ op: 'subscribe', topic, ...from })
  }

  private unfollow(topic: string, handler: TopicHandler): void {
    const entry = this.entries.get(topic)
    if (!entry?.handlers.delete(handler) || entry.handlers.size > 0) return
    this.entries.delete(topic)
    this.send({ op: 'unsubscribe', topic })
  }
}
