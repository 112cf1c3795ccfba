/** How long to wait before the next try: doubling from 1 s to 30 s, full jitter, so that clients do not return together. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(30_000, 1000 * 2 ** attempt)
  return Math.round(250 + random() * (ceiling - 250))
}
