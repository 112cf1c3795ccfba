/** Versioned items by id: snapshots and events may arrive in any order and twice, the newest version wins. */

export interface Versioned {
  id: string
  version: number
}

export interface Collection<T> {
  readonly items: Readonly<Record<string, T>>
  /** What was deleted, at which version: a late page must not bring it back. */
  readonly gone: Readonly<Record<string, number>>
}

export const emptyCollection = <T>(): Collection<T> => ({ items: {}, gone: {} })

const isNewer = (collection: Collection<Versioned>, item: Versioned): boolean =>
  item.version > (collection.items[item.id]?.version ?? 0) && item.version > (collection.gone[item.id] ?? 0)

export function put<T extends Versioned>(collection: Collection<T>, item: T): Collection<T> {
  if (!isNewer(collection, item)) return collection
  return { ...collection, items: { ...collection.items, [item.id]: item } }
}

export function putAll<T extends Versioned>(collection: Collection<T>, items: T[]): Collection<T> {
  const newer = items.filter((item) => isNewer(collection, item))
  if (newer.length === 0) return collection
  return { ...collection, items: { ...collection.items, ...byId(newer) } }
}

export function remove<T extends Versioned>(collection: Collection<T>, id: string, version: number): Collection<T> {
  if ((collection.items[id]?.version ?? 0) > version) return collection
  const { [id]: _removed, ...items } = collection.items
  return { items, gone: { ...collection.gone, [id]: Math.max(version, collection.gone[id] ?? 0) } }
}

/** What is older than `version` of `id` may not come any more. */
export function goneBefore<T>(collection: Collection<T>, id: string, version: number): Collection<T> {
  return { ...collection, gone: { ...collection.gone, [id]: Math.max(version - 1, collection.gone[id] ?? 0) } }
}

/** Without `id`, which may come back later at any version (a list left and shared again). */
export function without<T extends Versioned>(collection: Collection<T>, id: string): Collection<T> {
  const { [id]: _removed, ...items } = collection.items
  return { ...collection, items }
}

/** A complete snapshot, at least as new as `seq`: what it lacks and was not written after `seq` is gone. */
export function replaceAll<T extends Versioned>(collection: Collection<T>, items: T[], seq: number): Collection<T> {
  const later = Object.values(collection.items).filter((item) => item.version > seq)
  return putAll({ items: byId(later), gone: collection.gone }, items)
}

const byId = <T extends Versioned>(items: T[]): Record<string, T> => Object.fromEntries(items.map((item) => [item.id, item]))
