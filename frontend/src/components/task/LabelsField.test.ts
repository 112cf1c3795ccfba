// @vitest-environment happy-dom
import { expect, it, vi } from 'vitest'
import { mount, press } from '@/test/mount'
import LabelsField from './LabelsField.vue'

it('takes the last label away with Backspace, but not while a character is being composed', () => {
  const save = vi.fn()
  const { root, unmount } = mount(LabelsField, { labels: ['food', 'home'], disabled: false, onSave: save })
  const field = root.querySelector('input')!
  press(field, 'Backspace', true)
  expect(save).not.toHaveBeenCalled()
  press(field, 'Backspace')
  expect(save.mock.calls).toEqual([[['food']]])
  unmount()
})
