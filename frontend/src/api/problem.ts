/** What a failed request means to the application: one error type with a stable code. */
import type { Problem } from './types'

export interface FieldProblem {
  pointer: string
  code: string
  detail: string
}

export class ApiError extends Error {
  constructor(
    /** HTTP status, 0 when no answer came. */
    readonly status: number,
    readonly code: string,
    readonly fields: FieldProblem[] = [],
    /** Seconds to wait before the next try, where the server said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(code)
  }

  /** The same request may succeed later as it is: the service is away, busy or was not reached. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

export const unreachable = () => new ApiError(0, 'unreachable')

/** The error of an answer that is not 2xx. A proxy whose service is away answers without a problem document. */
export function problemOf(response: Response, body: unknown): ApiError {
  const problem = body as Partial<Problem> | undefined
  const fallback = response.status >= 500 ? 'unavailable' : 'unknown'
  const code = typeof problem?.code === 'string' ? problem.code : fallback
  const wait = Number(response.headers.get('retry-after'))
  return new ApiError(response.status, code, problem?.errors ?? [], wait > 0 ? wait : null)
}

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The data of an answer of the generated client; anything else is thrown as an ApiError. */
export async function call<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await request
  } catch (error) {
    throw error instanceof ApiError ? error : unreachable()
  }
  if (!answer.response.ok) throw problemOf(answer.response, answer.error)
  return answer.data as T
}

export function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(-1, 'unknown')
}
