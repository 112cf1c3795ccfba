/** The access token: in memory only, renewed before it expires, by one shared request however many callers need it. */
import type { Issued } from './types'
import { ApiError } from './problem'

interface Held {
  token: string
  expiresAt: number
}

/** Renew this long before the expiry, so that a request under way does not run into it. */
const MARGIN = 30_000

export class Tokens {
  private held: Held | null = null
  private renewing: Promise<string> | null = null

  constructor(
    private readonly refresh: () => Promise<Issued>,
    private readonly ended: () => void,
    private readonly renewed: (token: string) => void = () => {},
  ) {}

  hold(issued: Issued): void {
    this.held = { token: issued.access_token, expiresAt: Date.now() + issued.expires_in * 1000 }
  }

  forget(): void {
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
    try {
      const issued = await this.refresh()
      this.hold(issued)
      this.renewed(issued.access_token)
      return issued.access_token
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        this.forget()
        this.ended()
      }
      throw error
    }
  }
}

/** The account a token speaks for. The signature is the server's business. */
export function accountOf(token: string): string {
  const payload = token.split('.')[1] ?? ''
  const claims = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { sub: string }
  return claims.sub
}
