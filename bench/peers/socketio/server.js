// A room in socket.io 4 with its Redis adapter: the same POST, the same event, the same bytes as ours.
// Nothing is stored and nobody is asked who they are.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/redis-adapter'
import { createClient } from 'redis'
import { Server } from 'socket.io'

const { HOST, PORT, REDIS_URL } = process.env
const room = randomUUID()
const author = randomUUID()
let seq = 0

function eventOf(body) {
  const at = new Date().toISOString()
  seq += 1
  return {
    op: 'event',
    topic: `room:${room}`,
    seq,
    kind: 'message.created',
    at,
    actor_id: author,
    data: {
      id: randomUUID(),
      room_id: room,
      seq,
      number: seq,
      kind: 'message',
      author_id: author,
      body,
      thread_id: null,
      task_id: null,
      activity: null,
      created_at: at,
      edited_at: null,
      deleted_at: null,
      reactions: [],
      version: seq,
    },
  }
}

async function readJson(request) {
  const parts = []
  for await (const part of request) parts.push(part)
  return JSON.parse(Buffer.concat(parts))
}

const publisher = createClient({ url: REDIS_URL })
const subscriber = publisher.duplicate()
await Promise.all([publisher.connect(), subscriber.connect()])

const server = createServer(async (request, response) => {
  if (request.method !== 'POST') return response.end('ready')
  const event = eventOf((await readJson(request)).body)
  io.to('room').emit('event', event)
  response.writeHead(201, { 'content-type': 'application/json' })
  response.end(JSON.stringify(event.data))
})
server.keepAliveTimeout = 75_000 // as ours; after Node's 5 s a POST may meet a connection that is being closed
const io = new Server(server, {
  adapter: createAdapter(publisher, subscriber),
  pingTimeout: 60_000, // on a busy machine a late answer is no lost socket
  transports: ['websocket'],
  perMessageDeflate: false,
  serveClient: false,
})
io.on('connection', (socket) => socket.join('room'))
server.listen(Number(PORT), HOST)
