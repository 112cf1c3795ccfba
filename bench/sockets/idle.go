package main

// idle opens the sockets and holds them.
func idle(t target) any {
	l := newLoop(t, func(*socket, []byte) {})
	pause("before")
	before := look(t)
	l.openAll(64)
	opened := look(t).since(before)
	pause("open")
	return opened
}
