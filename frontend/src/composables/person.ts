/** A person by id, as far as known; the profile is asked for when it is not. */
import { computed, type MaybeRefOrGetter, toValue, watchEffect } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Profile } from '@/api/types'
import { usePeople } from '@/stores/people'

export function usePerson(id: MaybeRefOrGetter<string>) {
  const people = usePeople()
  const { t } = useI18n()
  watchEffect(() => people.want([toValue(id)]))
  return computed<Profile>(
    () => people.profiles[toValue(id)] ?? { id: toValue(id), name: t('person.unknown'), color: '#6c736e' },
  )
}
