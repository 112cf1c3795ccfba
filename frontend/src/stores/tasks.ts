/** Changing tasks: shown at once, sent, and taken back with a message when the server refuses. */
import { defineStore } from 'pinia'
import { todo } from '@/api/clients'
import { call, toApiError } from '@/api/problem'
import { withRetries } from '@/api/retry'
import type { Task, TaskPatch } from '@/api/types'
import { remove } from '@/domain/collection'
import { t } from '@/i18n'
import { useContents } from './contents'
import { useToasts } from './toasts'

export const useTasks = defineStore('tasks', () => {
  let lastKey = 0
  /** The last change of each task: the next one waits for it, so that they arrive in the order they were made. */
  const underWay = new Map<string, Promise<unknown>>()

  function inTurn<T>(id: string, request: () => Promise<T>): Promise<T> {
    const turn = (underWay.get(id) ?? Promise.resolve()).catch(() => {}).then(request)
    underWay.set(id, turn)
    void turn.catch(() => {}).then(() => underWay.get(id) === turn && underWay.delete(id))
    return turn
  }

  /** Applies `shown` at once and sends `patch`. What the server answers replaces it; a failure takes it back. */
  async function update(task: Task, patch: TaskPatch, shown: Partial<Task> = patch as Partial<Task>): Promise<boolean> {
    const contents = useContents()
    const content = contents.of(task.list_id)
    const key = ++lastKey
    content.changes = [...content.changes, { key, id: task.id, fields: shown }]
    const path = { list_id: task.list_id, task_id: task.id }
    try {
      const request = () =>
        call(todo.PATCH('/api/todo/lists/{list_id}/tasks/{task_id}', { params: { path }, body: patch }))
      contents.learnTask(await inTurn(task.id, () => withRetries(request)))
      return true
    } catch (error) {
      const retry = () => void update(task, patch, shown)
      const action = toApiError(error).temporary ? { label: t('action.retry'), run: retry } : null
      useToasts().failure(t('task.notChanged', { title: task.title }), error, action)
      return false
    } finally {
      content.changes = content.changes.filter((change) => change.key !== key)
    }
  }

  async function destroy(task: Task): Promise<void> {
    const content = useContents().of(task.list_id)
    const path = { list_id: task.list_id, task_id: task.id }
    try {
      await call(todo.DELETE('/api/todo/lists/{list_id}/tasks/{task_id}', { params: { path } }))
      content.tasks = remove(content.tasks, task.id, task.version)
    } catch (error) {
      if (toApiError(error).status === 404) content.tasks = remove(content.tasks, task.id, task.version)
      else useToasts().failure(t('task.notDeleted', { title: task.title }), error)
    }
  }

  return { update, destroy }
})
