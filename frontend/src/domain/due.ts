/** Due dates: a day, or a moment. A day is stored as its last minute where it was chosen. */

const DAY_ENDS = { hours: 23, minutes: 59 } as const

const two = (value: number): string => String(value).padStart(2, '0')

export const isDayOnly = (due: Date): boolean =>
  due.getHours() === DAY_ENDS.hours && due.getMinutes() === DAY_ENDS.minutes

/** Values of the date and time inputs. */
export function toInputs(due: string | null): { date: string; time: string } {
  if (!due) return { date: '', time: '' }
  const at = new Date(due)
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return { date, time: isDayOnly(at) ? '' : `${two(at.getHours())}:${two(at.getMinutes())}` }
}

export function fromInputs(date: string, time: string): string | null {
  if (!date) return null
  const at = new Date(`${date}T${time || `${DAY_ENDS.hours}:${DAY_ENDS.minutes}`}:00`)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}

/** Whole days from `now` to `due`, by the calendar. */
export function daysUntil(due: Date, now: Date): number {
  const day = (at: Date) => Date.UTC(at.getFullYear(), at.getMonth(), at.getDate())
  return Math.round((day(due) - day(now)) / 86_400_000)
}
