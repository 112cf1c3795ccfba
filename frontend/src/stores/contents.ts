/** What is in each list that was opened: tasks and members, kept live from then on. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { todo } from '@/api/clients'
import { allPages } from '@/api/pages'
import { call } from '@/api/problem'
import type { EventFrame, ListMember, Task } from '@/api/types'
import { type Collection, emptyCollection, put, replaceAll } from '@/domain/collection'
import { applyEvent, applyMemberEvent, memberItem } from '@/domain/events'
import type { Change } from '@/domain/overlay'
import type { Loading } from './loading'
import { usePeople } from './people'

export type MemberItem = ListMember & { id: string }

export interface ListContent {
  loading: Loading
  tasks: Collection<Task>
  members: Collection<MemberItem>
  /** Changes sent but not yet confirmed. */
  changes: readonly Change<Task>[]
}

const emptyContent = (): ListContent =>
  shallowReactive({ loading: 'idle', tasks: emptyCollection<Task>(), members: emptyCollection<MemberItem>(), changes: [] })

export const useContents = defineStore('contents', () => {
  const byList = shallowReactive(new Map<string, ListContent>())

  function of(listId: string): ListContent {
    let content = byList.get(listId)
    if (!content) byList.set(listId, (content = emptyContent()))
    return content
  }

  /** Reads a list's tasks and members; gives the place in its topic that both are at least as new as. */
  async function load(listId: string): Promise<{ seq: number; epoch: string }> {
    const content = of(listId)
    const path = { list_id: listId }
    if (content.loading !== 'ready') content.loading = 'loading'
    try {
      const [tasks, members] = await Promise.all([
        allPages((cursor) =>
          call(todo.GET('/api/todo/lists/{list_id}/tasks', { params: { path, query: { limit: 200, cursor } } })),
        ),
        allPages((cursor) =>
          call(todo.GET('/api/todo/lists/{list_id}/members', { params: { path, query: { limit: 200, cursor } } })),
        ),
      ])
      content.tasks = replaceAll(content.tasks, tasks.items, tasks.first.seq)
      content.members = replaceAll(content.members, members.items.map(memberItem), members.first.seq)
      content.loading = 'ready'
      usePeople().want(Object.keys(content.members.items))
      const seq = Math.min(tasks.first.seq, members.first.seq)
      return { seq, epoch: tasks.first.epoch }
    } catch (error) {
      if (content.loading !== 'ready') content.loading = 'failed'
      throw error
    }
  }

  function apply(listId: string, frame: EventFrame): void {
    const content = byList.get(listId)
    if (!content) return
    if (frame.kind.startsWith('task.')) content.tasks = applyEvent(content.tasks, frame)
    if (frame.kind.startsWith('member.')) {
      content.members = applyMemberEvent(content.members, frame)
      usePeople().want(Object.keys(content.members.items))
    }
  }

  const learnTask = (task: Task) => {
    const content = of(task.list_id)
    content.tasks = put(content.tasks, task)
  }

  const learnMember = (member: ListMember) => {
    const content = of(member.list_id)
    content.members = put(content.members, memberItem(member))
  }

  const drop = (listId: string) => byList.delete(listId)
  const clear = () => byList.clear()

  return { of, load, apply, learnTask, learnMember, drop, clear }
})
