/** Walking a paged collection to its end. */
interface Page<T> {
  items: T[]
  next: string | null
}

/** All items, with the first page: its `seq` is the one the whole is at least as new as. */
export async function allPages<P extends Page<unknown>>(
  page: (cursor: string | undefined) => Promise<P>,
): Promise<{ first: P; items: P['items'] }> {
  const first = await page(undefined)
  const items = [...first.items]
  for (let { next } = first; next; ) {
    const more = await page(next)
    items.push(...more.items)
    next = more.next
  }
  return { first, items }
}
