/** What a room is called: its title, or in a direct room the other person's name. */
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Room } from '@/api/types'
import { usePeople } from '@/stores/people'
import { useSession } from '@/stores/session'

export function useRoomTitle(room: MaybeRefOrGetter<Room | undefined>) {
  const people = usePeople()
  const session = useSession()
  const { t } = useI18n()
  const other = computed(() => toValue(room)?.account_ids?.find((id) => id !== session.account?.id) ?? null)
  const title = computed(() => {
    const { title } = toValue(room) ?? { title: null }
    if (title || !other.value) return title ?? ''
    people.want([other.value])
    return people.profiles[other.value]?.name ?? t('person.unknown')
  })
  return { title, other }
}
