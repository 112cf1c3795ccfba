/** Who shares a list, and with which role. */
import { defineStore } from 'pinia'
import { todo } from '@/api/clients'
import { call } from '@/api/problem'
import type { Role } from '@/api/types'
import { remove } from '@/domain/collection'
import { useContents } from './contents'

export const useMembers = defineStore('members', () => {
  const pathOf = (listId: string, accountId: string) => ({ list_id: listId, account_id: accountId })

  async function set(listId: string, accountId: string, role: Role): Promise<void> {
    const path = pathOf(listId, accountId)
    const url = '/api/todo/lists/{list_id}/members/{account_id}'
    useContents().learnMember(await call(todo.PUT(url, { params: { path }, body: { role } })))
  }

  async function expel(listId: string, accountId: string): Promise<void> {
    const path = pathOf(listId, accountId)
    await call(todo.DELETE('/api/todo/lists/{list_id}/members/{account_id}', { params: { path } }))
    const content = useContents().of(listId)
    const member = content.members.items[accountId]
    if (member) content.members = remove(content.members, accountId, member.version)
  }

  return { set, expel }
})
