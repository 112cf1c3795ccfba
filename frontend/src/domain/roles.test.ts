import { expect, it } from 'vitest'
import { emptyCollection, put } from './collection'
import { type Held, putAnswer, withRole } from './roles'

const list = (version: number, my_role: string): Held<string> => ({ id: 'a', version, my_role })
const known = put(emptyCollection<Held<string>>(), list(4, 'viewer'))

it('takes the role of an answer whose version is known already', () => {
  expect(putAnswer(known, list(4, 'editor'), 'viewer').items.a).toEqual(list(4, 'editor'))
  expect(putAnswer(emptyCollection<Held<string>>(), list(4, 'editor'), undefined).items.a).toEqual(list(4, 'editor'))
})

it('keeps a role that came by an event while the answer was under way', () => {
  const promoted = withRole(known, 'a', 'owner')
  expect(putAnswer(promoted, list(7, 'viewer'), 'viewer').items.a).toEqual(list(7, 'owner'))
})

it('knows no role in what it does not know', () => {
  expect(withRole(known, 'b', 'owner')).toBe(known)
})
