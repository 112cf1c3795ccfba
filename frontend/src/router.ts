/** Addresses of the screens, and who may see them. */
import { createRouter, createWebHistory, type Router } from 'vue-router'
import { useSession } from './stores/session'

export function makeRouter(): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/sign-in', name: 'sign-in', component: () => import('./views/SignInView.vue'), meta: { open: true } },
      { path: '/register', name: 'register', component: () => import('./views/RegisterView.vue'), meta: { open: true } },
      {
        path: '/',
        component: () => import('./views/WorkspaceView.vue'),
        children: [
          { path: '', name: 'home', component: () => import('./views/HomeView.vue') },
          { path: 'lists/:listId', name: 'list', component: () => import('./views/ListView.vue'), props: true },
          { path: 'rooms/:roomId', name: 'room', component: () => import('./views/RoomView.vue'), props: true },
          { path: 'account', name: 'account', component: () => import('./views/AccountView.vue') },
        ],
      },
      { path: '/:path(.*)*', redirect: '/' },
    ],
  })

  router.beforeEach(async (to) => {
    const session = useSession()
    if (session.status === 'unknown') await session.restore()
    if (session.status === 'unreachable') return true
    const signedIn = session.status === 'signed-in'
    if (to.meta.open) return signedIn ? { name: 'home' } : true
    return signedIn || { name: 'sign-in', query: to.path === '/' ? {} : { next: to.fullPath } }
  })
  return router
}
