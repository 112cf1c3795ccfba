/** Who is signed in here. The access token stays in memory; the refresh cookie brings the session back after a reload. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { auth, onAccountChanged, onSessionEnded, open, tokens } from '@/api/clients'
import { call, toApiError } from '@/api/problem'
import type { Account } from '@/api/types'
import { forgetPerson } from './device'

/** `unknown` until the server has answered once; `unreachable` when it could not be asked. */
export type SessionStatus = 'unknown' | 'unreachable' | 'signed-out' | 'signed-in'

export const useSession = defineStore('session', () => {
  const status = ref<SessionStatus>('unknown')
  const account = shallowRef<Account | null>(null)
  /** The session ended by itself: the sign-in page says so. */
  const ended = ref(false)

  async function restore(): Promise<void> {
    try {
      await tokens.renew()
      await enter()
    } catch (error) {
      const { temporary } = toApiError(error)
      status.value = temporary ? 'unreachable' : 'signed-out'
      ended.value = false
    }
  }

  async function signIn(email: string, password: string): Promise<void> {
    const issued = await call(open.POST('/api/auth/sessions', { body: { email, password, transport: 'cookie' } }))
    if (tokens.hold(issued)) await enter()
    else await new Promise(() => {}) // the page is on its way to be loaded again
  }

  async function register(name: string, email: string, password: string): Promise<void> {
    await call(open.POST('/api/auth/accounts', { body: { name, email, password } }))
    await signIn(email, password)
  }

  async function enter(): Promise<void> {
    account.value = await call(auth.GET('/api/auth/me'))
    ended.value = false
    status.value = 'signed-in'
  }

  /** Nothing of the person stays behind; loading the page ends in one stroke whatever is still under way. */
  async function signOut(): Promise<void> {
    await call(auth.DELETE('/api/auth/sessions/current'))
    const id = account.value?.id
    leave('unknown')
    if (id) forgetPerson(id)
    // The browser may keep this page for its back button: then it begins anew as well.
    window.addEventListener('pageshow', () => window.location.reload())
    window.location.replace('/sign-in')
  }

  function leave(to: SessionStatus): void {
    tokens.forget()
    account.value = null
    status.value = to
  }

  async function rename(name: string): Promise<void> {
    account.value = await call(auth.PATCH('/api/auth/me', { body: { name } }))
  }

  onSessionEnded(() => {
    ended.value = status.value === 'signed-in'
    leave('signed-out')
  })
  // Somebody else signed in, here or in another tab: what is on this screen is not theirs.
  onAccountChanged(() => window.location.reload())

  return { status, account, ended, restore, signIn, register, signOut, rename }
})
