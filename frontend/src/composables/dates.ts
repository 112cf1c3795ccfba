/** Dates and times in the reader's language and time zone. */
import { useI18n } from 'vue-i18n'
import { daysUntil, isDayOnly } from '@/domain/due'

export function useDates() {
  const { t, locale } = useI18n()

  const format = (at: Date, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale.value, options).format(at)

  const time = (at: Date) => format(at, { hour: 'numeric', minute: '2-digit' })

  const isThisYear = (at: Date) => at.getFullYear() === new Date().getFullYear()

  function dayName(at: Date): string {
    const days = daysUntil(at, new Date())
    if (days === 0) return t('date.today')
    if (days === 1) return t('date.tomorrow')
    if (days === -1) return t('date.yesterday')
    if (days > 1 && days < 7) return format(at, { weekday: 'long' })
    return format(at, { month: 'short', day: 'numeric', ...(isThisYear(at) ? {} : { year: 'numeric' }) })
  }

  const day = (at: Date) => {
    const days = daysUntil(at, new Date())
    if (days === 0) return t('date.today')
    if (days === -1) return t('date.yesterday')
    return format(at, { weekday: 'short', month: 'long', day: 'numeric', ...(isThisYear(at) ? {} : { year: 'numeric' }) })
  }

  const due = (at: Date) => (isDayOnly(at) ? dayName(at) : `${dayName(at)} ${time(at)}`)

  const full = (at: Date) => format(at, { dateStyle: 'medium', timeStyle: 'short' })

  return { time, day, due, full }
}
