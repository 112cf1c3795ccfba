// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { type Mounted, mount } from '@/test/mount'
import SavedText from './SavedText.vue'

describe('a text that is saved when it is left', () => {
  const save = vi.fn()
  let mounted: Mounted
  let field: HTMLTextAreaElement

  beforeEach(() => {
    save.mockReset()
    mounted = mount(SavedText, { value: 'old', label: 'Notes', max: 100, disabled: false, onSave: save })
    field = mounted.root.querySelector('textarea')!
  })

  afterEach(() => mounted.unmount())

  async function type(text: string): Promise<void> {
    field.value = text
    field.dispatchEvent(new Event('input'))
    await nextTick()
  }

  it('saves what was typed', async () => {
    field.focus()
    await type('mine')
    field.blur()
    expect(save.mock.calls).toEqual([['mine']])
  })

  it('does not put back what somebody else replaced while it was only looked at', async () => {
    field.focus()
    await mounted.give({ value: 'theirs' })
    field.blur()
    await nextTick()
    expect(save).not.toHaveBeenCalled()
    expect(field.value).toBe('theirs')
  })

  it('does not put it back when it is closed either', async () => {
    field.focus()
    await mounted.give({ value: 'theirs' })
    mounted.unmount()
    expect(save).not.toHaveBeenCalled()
  })

  it('keeps what is being typed, and what could not be saved', async () => {
    field.focus()
    await type('mine')
    await mounted.give({ value: 'theirs' })
    expect(field.value).toBe('mine')
    field.blur()
    field.focus()
    field.blur()
    expect(save.mock.calls).toEqual([['mine'], ['mine']])
  })
})
