import { describe, expect, it } from 'vitest'
import { type Collection, emptyCollection, put, putAll, remove, replaceAll, without } from './collection'

interface Item {
  id: string
  version: number
  text?: string
}

const of = (...items: Item[]): Collection<Item> => putAll(emptyCollection<Item>(), items)
const versions = (collection: Collection<Item>) =>
  Object.fromEntries(Object.values(collection.items).map((item) => [item.id, item.version]))

describe('put', () => {
  it('takes what is newer and ignores what is not', () => {
    const newer = put(of({ id: 'a', version: 2 }), { id: 'a', version: 3 })
    expect(versions(newer)).toEqual({ a: 3 })
    expect(put(newer, { id: 'a', version: 3, text: 'again' })).toBe(newer)
    expect(put(newer, { id: 'a', version: 1 })).toBe(newer)
  })

  it('does not bring back what was deleted', () => {
    const deleted = remove(of({ id: 'a', version: 2 }), 'a', 5)
    expect(put(deleted, { id: 'a', version: 4 })).toBe(deleted)
    expect(versions(put(deleted, { id: 'a', version: 6 }))).toEqual({ a: 6 })
  })
})

describe('remove', () => {
  it('leaves what was written after the deletion', () => {
    const collection = of({ id: 'a', version: 7 })
    expect(remove(collection, 'a', 5)).toBe(collection)
  })

  it('remembers a deletion that comes before the item', () => {
    const deleted = remove(emptyCollection<Item>(), 'a', 5)
    expect(versions(put(deleted, { id: 'a', version: 3 }))).toEqual({})
  })
})

describe('replaceAll', () => {
  it('drops what a complete snapshot lacks, unless it is newer than the snapshot', () => {
    const before = of({ id: 'old', version: 3 }, { id: 'new', version: 12 })
    expect(versions(replaceAll(before, [{ id: 'kept', version: 9 }], 10))).toEqual({ new: 12, kept: 9 })
  })

  it('keeps an event that overtook the snapshot', () => {
    const before = put(of({ id: 'a', version: 9 }), { id: 'a', version: 11 })
    expect(versions(replaceAll(before, [{ id: 'a', version: 9 }], 10))).toEqual({ a: 11 })
  })
})

it('without forgets an item, so that it may come back at any version', () => {
  const left = without(of({ id: 'a', version: 9 }), 'a')
  expect(versions(put(left, { id: 'a', version: 1 }))).toEqual({ a: 1 })
})
