// @vitest-environment happy-dom
import { expect, it, vi } from 'vitest'
import { h, nextTick } from 'vue'
import { mount, press } from '@/test/mount'
import AppDialog from './AppDialog.vue'

it('closes with Escape, but not while a character is being composed', async () => {
  const update = vi.fn()
  const { unmount } = mount(AppDialog, { open: true, title: 'Title', 'onUpdate:open': update }, () => h('input'))
  await nextTick()
  await nextTick()
  const field = document.querySelector('[role=dialog] input')!
  press(field, 'Escape', true)
  expect(update).not.toHaveBeenCalled()
  press(field, 'Escape')
  expect(update.mock.calls).toEqual([[false]])
  unmount()
})
