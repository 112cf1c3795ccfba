/** A person's own role in something: it changes with their membership, without a new version of the thing itself. */
import { type Collection, put, type Versioned } from './collection'

export interface Held<Role> extends Versioned {
  my_role: Role
}

export function withRole<T extends Held<unknown>>(collection: Collection<T>, id: string, role: T['my_role']): Collection<T> {
  const known = collection.items[id]
  if (!known || known.my_role === role) return collection
  return { ...collection, items: { ...collection.items, [id]: { ...known, my_role: role } } }
}

/** What the server answered. `before` is the role when it was asked: one that changed since then came by a newer event. */
export function putAnswer<T extends Held<unknown>>(
  collection: Collection<T>,
  item: T,
  before: T['my_role'] | undefined,
): Collection<T> {
  const now = collection.items[item.id]?.my_role
  const role = now === undefined || now === before ? item.my_role : now
  return withRole(put(collection, { ...item, my_role: role }), item.id, role)
}
