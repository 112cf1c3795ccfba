package main

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A message is one POST, followed until its last socket has it.
type message struct {
	sent, answered, last time.Time
	missing              int32 // sockets that do not have it yet
	done                 chan struct{}
}

// A round counts the deliveries of its messages.
type round struct {
	sockets  int32
	sender   *sender
	mutex    sync.Mutex
	messages []*message
	bytes    int64 // of payload, of all deliveries
	count    int64 // deliveries
}

func (r *round) deliver(_ *socket, payload []byte) {
	at := bytes.Index(payload, mark)
	if at < 0 {
		return // a message of somebody else
	}
	index := 0
	for _, digit := range payload[at+len(mark) : at+len(mark)+digits] {
		index = index*10 + int(digit-'0')
	}
	r.mutex.Lock()
	m := r.messages[index]
	r.mutex.Unlock()
	atomic.AddInt64(&r.bytes, int64(len(payload)))
	atomic.AddInt64(&r.count, 1)
	if missing := atomic.AddInt32(&m.missing, -1); missing == 0 {
		m.last = time.Now()
		close(m.done)
	} else if missing < 0 {
		check(fmt.Errorf("message %d came twice to a socket", index))
	}
}

// post sends one message and waits until every socket has it.
func (r *round) post() *message {
	m := &message{missing: r.sockets, done: make(chan struct{})}
	r.mutex.Lock()
	index := len(r.messages)
	r.messages = append(r.messages, m)
	r.mutex.Unlock()
	m.sent = time.Now()
	check(r.sender.post(index, 0))
	m.answered = time.Now()
	select {
	case <-m.done:
	case <-time.After(patience):
		check(fmt.Errorf("message %d did not come to %d sockets", index, atomic.LoadInt32(&m.missing)))
	}
	return m
}

// fanout posts to a room that all sockets follow: a window of messages kept under way, or a steady rate.
func fanout(t target) any {
	r := &round{sockets: int32(t.Sockets), sender: newSender(t)}
	l := newLoop(t, r.deliver)
	l.openAll(64)
	stop := make(chan struct{})
	running := sync.WaitGroup{}
	if t.Rate > 0 {
		running.Add(1)
		go r.steadily(t.Rate, stop, &running)
	} else {
		running.Add(t.Window)
		for i := 0; i < t.Window; i++ {
			go r.again(stop, &running)
		}
	}
	time.Sleep(seconds(t.Warmup))
	before, count, bytes := look(t), atomic.LoadInt64(&r.count), atomic.LoadInt64(&r.bytes)
	for time.Sleep(seconds(t.Seconds)); atomic.LoadInt64(&r.count) == count; {
		time.Sleep(time.Millisecond) // nothing came in so short a time: how long that takes is bounded by post
	}
	after := look(t)
	count, bytes = atomic.LoadInt64(&r.count)-count, atomic.LoadInt64(&r.bytes)-bytes
	close(stop)
	running.Wait() // every message that was posted has come to every socket
	result := after.since(before)
	result["deliveries"], result["payload_bytes"] = count, float64(bytes)/float64(count)
	r.times(before.at, after.at, result)
	return result
}

// times adds how long the messages took that were posted in a span of time.
func (r *round) times(from, to time.Time, result map[string]any) {
	var answered, delivered []float64
	for _, m := range r.messages {
		if m.sent.After(from) && m.sent.Before(to) {
			answered = append(answered, m.answered.Sub(m.sent).Seconds())
			delivered = append(delivered, m.last.Sub(m.sent).Seconds())
		}
	}
	result["messages"], result["answered"], result["last_socket"] = len(delivered), percentiles(answered), percentiles(delivered)
}

func (r *round) again(stop chan struct{}, running *sync.WaitGroup) {
	defer running.Done()
	for {
		select {
		case <-stop:
			return
		default:
			r.post()
		}
	}
}

func (r *round) steadily(rate float64, stop chan struct{}, running *sync.WaitGroup) {
	defer running.Done()
	ticker := time.NewTicker(seconds(1 / rate))
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			running.Add(1)
			go func() {
				defer running.Done()
				r.post()
			}()
		}
	}
}
