/** Changes shown before the server has confirmed them, laid over what it last said; taking one away rolls it back. */

export interface Change<T> {
  key: number
  id: string
  fields: Partial<T>
}

export function overlaid<T extends { id: string }>(items: readonly T[], changes: readonly Change<T>[]): T[] {
  if (changes.length === 0) return [...items]
  return items.map((item) =>
    changes.reduce((shown, change) => (change.id === item.id ? { ...shown, ...change.fields } : shown), item),
  )
}
