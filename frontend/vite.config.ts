import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import type { ProxyOptions } from 'vite'
import { defineConfig } from 'vitest/config'

/** One origin in development as in production: the browser sees a single address, the services get their full paths. */
function proxy(): Record<string, ProxyOptions> {
  const targets = {
    '/api/auth': process.env.AUTH_URL ?? 'http://127.0.0.1:8001',
    '/api/todo': process.env.TODO_URL ?? 'http://127.0.0.1:8002',
    '/api/chat': process.env.CHAT_URL ?? 'http://127.0.0.1:8003',
  }
  return Object.fromEntries(
    Object.entries(targets).map(([path, target]) => [path, { target, ws: true, changeOrigin: false }]),
  )
}

const server = { host: '127.0.0.1', port: Number(process.env.PORT ?? 8080), strictPort: true, proxy: proxy() }

export default defineConfig({
  plugins: [vue(), tailwindcss()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server,
  preview: server,
  build: { target: 'es2022', chunkSizeWarningLimit: 700 },
  test: { environment: 'node', include: ['src/**/*.test.ts'], restoreMocks: true },
})
