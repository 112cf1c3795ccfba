// @vitest-environment happy-dom
import { expect, it, vi } from 'vitest'
import { mount, press } from '@/test/mount'
import EditMessage from './EditMessage.vue'

it('gives up with Escape, but not while a character is being composed', () => {
  const cancel = vi.fn()
  const { root, unmount } = mount(EditMessage, { body: 'hello', onCancel: cancel })
  const field = root.querySelector('textarea')!
  press(field, 'Escape', true)
  expect(cancel).not.toHaveBeenCalled()
  press(field, 'Escape')
  expect(cancel).toHaveBeenCalledOnce()
  unmount()
})
