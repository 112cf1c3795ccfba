/** The typed clients of the three services, and the token they share. */
import createClient from 'openapi-fetch'
import type { paths as AuthPaths } from './auth.gen'
import type { paths as ChatPaths } from './chat.gen'
import { call } from './problem'
import type { paths as TodoPaths } from './todo.gen'
import { Tokens } from './tokens'

/** Without a token: registering, signing in, refreshing. */
export const open = createClient<AuthPaths>({ fetch: (request) => fetch(request) })

const endedListeners = new Set<() => void>()
const changedListeners = new Set<() => void>()

export const tokens = new Tokens(
  () => call(open.POST('/api/auth/sessions/refresh', {})),
  () => endedListeners.forEach((listener) => listener()),
  () => changedListeners.forEach((listener) => listener()),
)

export const onSessionEnded = (listener: () => void) => endedListeners.add(listener)
export const onAccountChanged = (listener: () => void) => changedListeners.add(listener)

function signed(request: Request, token: string): Request {
  const copy = new Request(request)
  copy.headers.set('Authorization', `Bearer ${token}`)
  return copy
}

/** Sends a request with the token; a refused token is renewed once, by all who were refused together. */
async function authorized(request: Request): Promise<Response> {
  const again = request.clone()
  const token = await tokens.fresh()
  const response = await fetch(signed(request, token))
  if (response.status !== 401) return response
  const current = await tokens.fresh()
  return fetch(signed(again, current === token ? await tokens.renew() : current))
}

export const auth = createClient<AuthPaths>({ fetch: authorized })
export const todo = createClient<TodoPaths>({ fetch: authorized })
export const chat = createClient<ChatPaths>({ fetch: authorized })
