package main

import (
	"fmt"
	"sync"
	"time"
)

// resume cuts all sockets at once, has messages missed, and lets them all come back at once. Each must get
// each number once, in order: the protocol checks that with every event.
func resume(t target) any {
	complete := sync.WaitGroup{}
	l := newLoop(t, func(s *socket, _ []byte) {
		if s.events == t.Messages {
			complete.Done()
		}
	})
	l.openAll(64)
	pause("open")
	l.mutex.Lock()
	for _, s := range l.sockets {
		l.close(s)
	}
	l.mutex.Unlock()
	miss(t)
	pause("cut")
	complete.Add(len(l.sockets))
	before := look(t)
	for _, s := range l.sockets {
		l.mutex.Lock()
		l.open(s)
		l.mutex.Unlock()
	}
	within(patience, complete.Wait)
	return look(t).since(before)
}

// miss posts to every topic, to several at the same time.
func miss(t target) {
	send, topics, done := newSender(t), make(chan int), sync.WaitGroup{}
	for i := 0; i < 8; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for topic := range topics {
				for i := 0; i < t.Messages; i++ {
					check(send.post(i, topic))
				}
			}
		}()
	}
	for topic := range t.Post {
		topics <- topic
	}
	close(topics)
	done.Wait()
}

func within(limit time.Duration, wait func()) {
	done := make(chan struct{})
	go func() {
		wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(limit):
		check(fmt.Errorf("not complete after %s", limit))
	}
}
