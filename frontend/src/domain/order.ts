/** The order of tasks: by position, compared byte by byte as the server does, then by id. */

interface Placed {
  id: string
  position: string
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export const byPosition = (a: Placed, b: Placed): number => compare(a.position, b.position) || compare(a.id, b.id)

/** The id that `id` stands behind when it is put at `index` of `ids`; null when it comes first. */
export function neighbourBefore(ids: readonly string[], id: string, index: number): string | null {
  const others = ids.filter((other) => other !== id)
  return index <= 0 ? null : (others[Math.min(index, others.length) - 1] ?? null)
}
