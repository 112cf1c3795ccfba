// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import codes from '../../openapi/codes.json'
import { ApiError } from '@/api/problem'
import en from './en.json'
import { errorText, fieldText, i18n, localeOf } from './index'
import zhTW from './zh-TW.json'

type Texts = { [key: string]: string | Texts }

function flat(texts: Texts, prefix = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value]] : Object.entries(flat(value, `${prefix}${key}.`)),
    ),
  )
}

const english = flat(en)
const chinese = flat(zhTW)
const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

describe('both languages', () => {
  it('have the same keys', () => {
    expect(Object.keys(chinese).sort()).toEqual(Object.keys(english).sort())
  })

  it('fill in the same things', () => {
    const differing = Object.keys(english).filter((key) => `${placeholders(chinese[key]!)}` !== `${placeholders(english[key]!)}`)
    expect(differing).toEqual([])
  })

  it('leave nothing empty', () => {
    const empty = Object.keys(english).filter((key) => !english[key]!.trim() || !chinese[key]!.trim())
    expect(empty).toEqual([])
  })
})

describe('errors', () => {
  it('have a text for every code of the services', () => {
    expect(codes.problems.filter((code) => !(`error.${code}` in english))).toEqual([])
  })

  it('have a text for every reason a field is refused', () => {
    expect(codes.fields.filter((code) => !(`field.${code}` in english))).toEqual([])
  })

  it('are told in the reader’s language, the field before the whole', () => {
    i18n.global.locale.value = 'zh-TW'
    expect(errorText(new ApiError(0, 'unreachable'))).toBe(zhTW.error.unreachable)
    expect(errorText(new ApiError(500, 'never heard of'))).toBe(zhTW.error.unknown)
    const invalid = new ApiError(422, 'invalid', [{ pointer: '/password', code: 'too-short', detail: 'must have at least 12 characters' }])
    expect(errorText(invalid)).toBe('請至少輸入 12 個字元。')
    expect(fieldText(invalid, 'password')).toBe('請至少輸入 12 個字元。')
    expect(fieldText(invalid, 'name')).toBeNull()
    i18n.global.locale.value = 'en'
  })
})

it('chooses the language by the browser', () => {
  expect(['zh-TW', 'zh-Hant-HK', 'zh', 'en-GB', 'de'].map(localeOf)).toEqual(['zh-TW', 'zh-TW', 'zh-TW', 'en', 'en'])
})
