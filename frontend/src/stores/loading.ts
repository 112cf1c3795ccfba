/** How far something has come that is read over HTTP: one value, no impossible combinations. */
export type Loading = 'idle' | 'loading' | 'ready' | 'failed'
