/** What a person chose for this device: language and theme. Both follow the system until they do. */
import { defineStore } from 'pinia'
import { ref, watchEffect } from 'vue'
import { i18n, type Locale, localeOf } from '@/i18n'

export type Theme = 'system' | 'light' | 'dark'

const THEME = 'todolist.theme'
const LOCALE = 'todolist.locale'

export const usePreferences = defineStore('preferences', () => {
  const theme = ref<Theme>((localStorage.getItem(THEME) as Theme | null) ?? 'system')
  const locale = ref<Locale>(localeOf(localStorage.getItem(LOCALE) ?? navigator.language))
  const dark = window.matchMedia('(prefers-color-scheme: dark)')

  function applyTheme(): void {
    const isDark = theme.value === 'dark' || (theme.value === 'system' && dark.matches)
    document.documentElement.classList.toggle('dark', isDark)
  }

  dark.addEventListener('change', applyTheme)
  watchEffect(applyTheme)
  watchEffect(() => {
    i18n.global.locale.value = locale.value
    document.documentElement.lang = locale.value
  })

  function setTheme(value: Theme): void {
    theme.value = value
    localStorage.setItem(THEME, value)
  }

  function setLocale(value: Locale): void {
    locale.value = value
    localStorage.setItem(LOCALE, value)
  }

  return { theme, locale, setTheme, setLocale }
})
