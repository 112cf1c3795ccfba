/** Signing in fills the stores, signing out empties them: one place that knows them all. */
import { watch } from 'vue'
import { useContents } from './contents'
import { useLists } from './lists'
import { useLive } from './live'
import { useMessages } from './messages'
import { useOutbox } from './outbox'
import { usePeople } from './people'
import { usePresence } from './presence'
import { useRooms } from './rooms'
import { useSession } from './session'

function enter(accountId: string): void {
  useOutbox().open(accountId)
  useLive().start(accountId)
}

function leave(): void {
  useLive().stop()
  useOutbox().close()
  usePresence().show(null)
  for (const store of [useLists(), useContents(), useRooms(), useMessages(), usePeople()]) store.clear()
}

export function followSession(): void {
  const session = useSession()
  watch(
    () => session.account?.id,
    (now, before) => {
      if (before) leave()
      if (now) enter(now)
    },
    { immediate: true },
  )
}
