// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const tokenOf = (account: string, number = 0) => `x.${btoa(JSON.stringify({ sub: account, number }))}.y`

describe('the session of a page', () => {
  /** Whose refresh cookie the browser holds, and whose tokens the services still take. */
  let cookie: string | null = null
  let refused: string | null = null
  let sent: string[] = []
  let renewal: Promise<void> = Promise.resolve()
  const pages = { reload: vi.fn(), replace: vi.fn() }

  beforeEach(() => {
    vi.resetModules()
    setActivePinia(createPinia())
    localStorage.clear()
    cookie = refused = null
    sent = []
    renewal = Promise.resolve()
    vi.stubGlobal('fetch', vi.fn(serve))
    for (const name of ['reload', 'replace'] as const) vi.spyOn(window.location, name).mockImplementation(pages[name].mockReset())
  })

  afterEach(() => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  const refusal = (status: number, code: string) => Response.json({ status, code, title: code, type: 'about:blank' }, { status })
  const whose = (request: Request) =>
    (JSON.parse(atob(request.headers.get('Authorization')!.split('.')[1]!)) as { sub: string }).sub

  async function serve(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    const issued = () => Response.json({ access_token: tokenOf(cookie!, sent.length), expires_in: 900 })
    if (pathname.endsWith('/refresh')) {
      const answered = cookie ? issued() : refusal(401, 'session-ended')
      await renewal
      return answered
    }
    if (pathname === '/api/auth/sessions') {
      cookie = ((await request.json()) as { email: string }).email
      return issued()
    }
    const account = whose(request)
    if (account === refused) return refusal(401, 'session-ended')
    if (pathname === '/api/auth/me') return Response.json({ id: account })
    if (pathname === '/api/auth/sessions/current') {
      refused = account
      cookie = null
      return new Response(null, { status: 204 })
    }
    sent.push(account)
    return Response.json({})
  }

  /** The modules of a page that has just been loaded. */
  async function page() {
    const { useSession } = await import('./session')
    const clients = await import('@/api/clients')
    const { newId } = await import('@/api/ids')
    const make = () => clients.todo.POST('/api/todo/lists', { body: { id: newId(), title: 'x', color: 'blue' } })
    return { session: useSession(), clients, make }
  }

  it('does not send as somebody else what somebody began', async () => {
    const { session, make } = await page()
    await session.signIn('ann', 'password')
    await make()
    cookie = 'ben'
    refused = 'ann'
    await expect(make()).rejects.toMatchObject({ status: 401 })
    await expect(make()).rejects.toMatchObject({ status: 401 })
    expect(sent).toEqual(['ann'])
    expect(pages.reload).toHaveBeenCalled()
  })

  it('gives the page to the next person only when it is loaded again', async () => {
    const { session, make } = await page()
    await session.signIn('ann', 'password')
    cookie = null
    refused = 'ann'
    await expect(make()).rejects.toMatchObject({ status: 401 })
    expect(session.status).toBe('signed-out')
    void session.signIn('ben', 'password')
    await vi.waitFor(() => expect(pages.reload).toHaveBeenCalled())
    await expect(make()).rejects.toMatchObject({ status: 401 })
    expect(sent).toEqual([])
  })

  it('lets the same person go on after signing in again', async () => {
    const { session, make } = await page()
    await session.signIn('ann', 'password')
    cookie = null
    refused = 'ann'
    await expect(make()).rejects.toMatchObject({ status: 401 })
    refused = null
    await session.signIn('ann', 'password')
    await make()
    expect([session.status, sent, pages.reload.mock.calls]).toEqual(['signed-in', ['ann'], []])
  })

  it('leaves nothing of a person behind who signs out', async () => {
    const { session } = await page()
    await session.signIn('ann', 'password')
    for (const key of ['draft.ann.room.r', 'outbox.ann.1', 'draft.ben.room.r', 'theme']) localStorage.setItem(`todolist.${key}`, 'x')
    await session.signOut()
    expect(Object.keys(localStorage).sort()).toEqual(['todolist.draft.ben.room.r', 'todolist.theme'])
    expect(session.account).toBe(null)
    expect(pages.replace.mock.calls).toEqual([['/sign-in']])
  })

  it('keeps everything when signing out fails', async () => {
    const { session, clients } = await page()
    await session.signIn('ann', 'password')
    localStorage.setItem('todolist.outbox.ann.1', 'x')
    vi.spyOn(clients.auth, 'DELETE').mockRejectedValue(new TypeError('network'))
    await expect(session.signOut()).rejects.toMatchObject({ code: 'unreachable' })
    expect(localStorage).toHaveLength(1)
    expect(session.status).toBe('signed-in')
  })

  it('does not take a token that arrives after signing out', async () => {
    const { session, clients, make } = await page()
    await session.signIn('ann', 'password')
    let arrive = () => {}
    renewal = new Promise((resolve) => (arrive = resolve))
    const late = clients.tokens.renew()
    await session.signOut()
    arrive()
    await expect(late).rejects.toMatchObject({ status: 401 })
    await expect(make()).rejects.toMatchObject({ status: 401 })
    expect(sent).toEqual([])
  })
})
