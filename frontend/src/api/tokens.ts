/**
 * The access token: in memory only, renewed before it expires, by one shared request however many callers need it.
 *
 * A page speaks for one account as long as it is loaded: what one person began, and what is still tried again, is
 * never sent in the name of another who signed in meanwhile, here or in another tab.
 */
import type { Issued } from './types'
import { ApiError } from './problem'

interface Held {
  token: string
  expiresAt: number
}

/** Renew this long before the expiry, so that a request under way does not run into it. */
const MARGIN = 30_000

const over = () => new ApiError(401, 'session-ended')

export class Tokens {
  private held: Held | null = null
  private account: string | null = null
  /** Raised when the token is taken away or given anew, so that a renewal under way is known to be out of date. */
  private turn = 0
  private renewing: Promise<string> | null = null

  constructor(
    private readonly refresh: () => Promise<Issued>,
    private readonly ended: () => void,
    /** The browser belongs to another account now. */
    private readonly changed: () => void = () => {},
  ) {}

  /** False when the token is of another account than the one this page speaks for: then it is not taken. */
  hold(issued: Issued): boolean {
    const account = accountOf(issued.access_token)
    this.account ??= account
    if (account !== this.account) {
      this.changed()
      return false
    }
    this.turn += 1
    this.held = { token: issued.access_token, expiresAt: Date.now() + issued.expires_in * 1000 }
    return true
  }

  forget(): void {
    this.turn += 1
    this.held = null
  }

  /** A token that is good for at least `lifetime` milliseconds more. */
  async fresh(lifetime = MARGIN): Promise<string> {
    if (this.held && this.held.expiresAt - Date.now() > lifetime) return this.held.token
    return this.renew()
  }

  /** A new token. Callers of the same moment share one request. */
  renew(): Promise<string> {
    this.renewing ??= this.request().finally(() => {
      this.renewing = null
    })
    return this.renewing
  }

  private async request(): Promise<string> {
    const { turn } = this
    const issued = await this.refresh().catch((error: unknown) => {
      if (turn === this.turn && error instanceof ApiError && error.status === 401) {
        this.forget()
        this.ended()
      }
      throw error
    })
    if (turn !== this.turn || !this.hold(issued)) throw over()
    return issued.access_token
  }
}

/** The account a token speaks for; none if it cannot be read. Judging it is the server's business. */
export function accountOf(token: string): string {
  try {
    const payload = token.split('.')[1] ?? ''
    const claims = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { sub: string }
    return claims.sub
  } catch {
    return ''
  }
}
