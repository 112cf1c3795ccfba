/** The languages, and texts for errors by their code. */
import { createI18n } from 'vue-i18n'
import type { ApiError, FieldProblem } from '@/api/problem'
import en from './en.json'
import zhTW from './zh-TW.json'

export type Locale = 'en' | 'zh-TW'
type Messages = typeof en

export const LOCALES: readonly { value: Locale; name: string }[] = [
  { value: 'zh-TW', name: '繁體中文' },
  { value: 'en', name: 'English' },
]

/** Any Chinese reads Traditional Chinese better than English. */
export const localeOf = (tag: string): Locale => (/^zh\b/i.test(tag) ? 'zh-TW' : 'en')

export const i18n = createI18n<[Messages], Locale, false>({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en, 'zh-TW': zhTW },
})

export const t = i18n.global.t as (key: string, named?: Record<string, unknown>) => string

const has = (key: string) => i18n.global.te(key as never, 'en')

/** What a failure means to the reader, and what can be done. */
export function errorText(error: ApiError): string {
  const field = error.fields.find(({ code }) => has(`field.${code}`))
  if (field) return reason(field)
  return t(has(`error.${error.code}`) ? `error.${error.code}` : 'error.unknown')
}

/** The text beside the form field that the server pointed at; null when it did not. */
export function fieldText(error: ApiError | null, name: string): string | null {
  const field = error?.fields.find(({ pointer }) => pointer.replace(/^\//, '').split('/')[0] === name)
  return field ? reason(field) : null
}

/** Limits are settings of the server: the number that its own words name goes into ours. */
function reason({ code, detail }: FieldProblem): string {
  const number = /\d+/.exec(detail)?.[0] ?? ''
  return t(has(`field.${code}`) ? `field.${code}` : 'field.invalid', { number })
}
