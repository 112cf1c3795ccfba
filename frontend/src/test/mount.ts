/** Puts one component on the page of a test, with the stores that are active, or new ones. */
import { createPinia, getActivePinia } from 'pinia'
import { type Component, createApp, h, nextTick, type Ref, shallowRef } from 'vue'
import { i18n } from '@/i18n'

export interface Mounted {
  root: HTMLElement
  /** Hands the component other properties, as its parent would. */
  give: (props: Record<string, unknown>) => Promise<void>
  unmount: () => void
}

export function mount(component: Component, props: Record<string, unknown>, slot?: () => unknown): Mounted {
  const root = document.body.appendChild(document.createElement('div'))
  const given: Ref<Record<string, unknown>> = shallowRef(props)
  const app = createApp({ render: () => h(component, given.value, slot) })
  app.use(getActivePinia() ?? createPinia()).use(i18n).mount(root)
  const give = (more: Record<string, unknown>) => {
    given.value = { ...given.value, ...more }
    return nextTick()
  }
  const unmount = () => {
    app.unmount()
    root.remove()
  }
  return { root, give, unmount }
}

/** Presses a key; `composing` while an input method is choosing a character. */
export function press(target: EventTarget, key: string, composing = false): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, isComposing: composing, bubbles: true, cancelable: true })
  target.dispatchEvent(event)
  return event
}
