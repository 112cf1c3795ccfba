package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A protocol is what contestants speak inside their WebSockets.
type protocol interface {
	// hello speaks first, once the connection is upgraded.
	hello(s *socket) error
	// text takes a text frame: whether it is a delivery, and what is wrong.
	text(s *socket, payload []byte) (delivery bool, err error)
}

var protocols = map[string]func(target) protocol{
	"todolist": func(t target) protocol { return &todolist{t} },
	"plain":    func(target) protocol { return plain{} },
	"socketio": func(target) protocol { return socketio{} },
}

// plain: everything that comes is a delivery.
type plain struct{}

func (plain) hello(s *socket) error {
	s.becomeReady()
	return nil
}

func (plain) text(*socket, []byte) (bool, error) { return true, nil }

// socketio: Engine.IO 4 and Socket.IO 5 packets in text frames
// (https://github.com/socketio/engine.io-protocol, https://github.com/socketio/socket.io-protocol).
type socketio struct{}

func (socketio) hello(*socket) error { return nil } // the server speaks first

func (socketio) text(s *socket, payload []byte) (bool, error) {
	switch {
	case bytes.HasPrefix(payload, []byte("42")):
		return true, nil
	case bytes.HasPrefix(payload, []byte("40")):
		s.becomeReady()
	case bytes.HasPrefix(payload, []byte("0")):
		return false, s.text("40")
	case bytes.Equal(payload, []byte("2")):
		return false, s.text("3")
	}
	return false, nil
}

// todolist: authenticate, then subscribe; a socket that was there before says where it was.
type todolist struct{ target target }

var event, number = []byte(`{"op":"event"`), []byte(`"seq":`)

func (t *todolist) hello(s *socket) error {
	return s.text(fmt.Sprintf(`{"op":"auth","token":"%s"}`, t.target.Tokens[s.index%len(t.target.Tokens)]))
}

func (t *todolist) text(s *socket, payload []byte) (bool, error) {
	if bytes.HasPrefix(payload, event) {
		return true, s.next(payload)
	}
	var frame struct {
		Op, Epoch, Detail string
		Seq               int64
		Recovered         bool
	}
	if err := json.Unmarshal(payload, &frame); err != nil {
		return false, err
	}
	switch frame.Op {
	case "ready":
		topic := t.target.Topics[s.index%len(t.target.Topics)]
		if s.epoch == "" {
			return false, s.text(fmt.Sprintf(`{"op":"subscribe","topic":"%s"}`, topic))
		}
		return false, s.text(fmt.Sprintf(
			`{"op":"subscribe","topic":"%s","after":%d,"epoch":"%s"}`, topic, s.seq, s.epoch))
	case "subscribed":
		if s.epoch == "" {
			s.seq, s.epoch = frame.Seq, frame.Epoch
		} else if !frame.Recovered {
			return false, fmt.Errorf("socket %d was not recovered from %d", s.index, s.seq)
		}
		s.becomeReady()
	case "error":
		return false, fmt.Errorf("socket %d: %s", s.index, frame.Detail)
	}
	return false, nil
}

// next holds the promise of the log: each number once, in order.
func (s *socket) next(payload []byte) error {
	seq := int64(0)
	for _, digit := range payload[bytes.Index(payload, number)+len(number):] {
		if digit < '0' || digit > '9' {
			break
		}
		seq = seq*10 + int64(digit-'0')
	}
	if seq != s.seq+1 {
		return fmt.Errorf("socket %d: %d came after %d", s.index, seq, s.seq)
	}
	s.seq = seq
	return nil
}
