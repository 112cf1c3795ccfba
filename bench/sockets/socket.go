package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
)

type state int

const (
	closed     state = iota
	connecting       // until the kernel has made the connection
	upgrading        // until the server has answered the HTTP upgrade
	opening          // until the protocol says that deliveries will come
	ready
)

// RFC 6455, section 5.2.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

var errNoUpgrade = errors.New("the server did not upgrade the connection")

// A socket is one WebSocket, driven by the loop it belongs to. No goroutine and no buffer of its own: what it
// costs here must not show in what is measured.
type socket struct {
	index    int
	fd       int
	state    state
	rest     []byte // the beginning of a frame that has not come completely
	events   int    // deliveries
	seq      int64  // of our log: the last number that came
	epoch    string
	progress func(*socket) // called when it becomes ready
}

// mask sends zeroes as its key: the payload may go as it is (section 5.3 wants unpredictable keys of browsers,
// for the sake of proxies; there is none here).
func mask(opcode byte, payload []byte) []byte {
	frame := []byte{0x80 | opcode}
	if size := len(payload); size < 126 {
		frame = append(frame, 0x80|byte(size))
	} else {
		frame = append(frame, 0x80|126, byte(size>>8), byte(size))
	}
	return append(append(frame, 0, 0, 0, 0), payload...)
}

func (s *socket) write(data []byte) error {
	for len(data) > 0 {
		n, err := syscall.Write(s.fd, data)
		if err != nil {
			return err // EAGAIN too: what we send is far smaller than the kernel's buffer
		}
		data = data[n:]
	}
	return nil
}

func (s *socket) text(payload string) error { return s.write(mask(opText, []byte(payload))) }

func (s *socket) upgrade(t target) error {
	key := base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("socket %9d", s.index)))
	return s.write([]byte("GET " + t.Path + " HTTP/1.1\r\nHost: " + t.Live + "\r\nUpgrade: websocket\r\n" +
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\n\r\n"))
}

// receive takes what has come, calls `text` for each complete text frame, and returns what is left over.
func (s *socket) receive(data []byte, p protocol, text func(*socket, []byte) error) ([]byte, error) {
	if s.state == upgrading {
		end := bytes.Index(data, []byte("\r\n\r\n"))
		if end < 0 {
			return data, nil
		}
		if !bytes.HasPrefix(data, []byte("HTTP/1.1 101")) {
			return nil, errNoUpgrade
		}
		data = data[end+4:]
		s.state = opening
		if err := p.hello(s); err != nil {
			return nil, err
		}
	}
	for s.state != closed {
		opcode, payload, size := frame(data)
		if size == 0 {
			break
		}
		data = data[size:]
		switch opcode {
		case opText:
			if err := text(s, payload); err != nil {
				return nil, err
			}
		case opPing:
			if err := s.write(mask(opPong, payload)); err != nil {
				return nil, err
			}
		case opClose:
			return nil, fmt.Errorf("closed by the server: % x %q", payload[:min(2, len(payload))], payload)
		}
	}
	return data, nil
}

// frame reads one unmasked, unfragmented frame; the size is 0 while it is not complete.
func frame(data []byte) (opcode byte, payload []byte, size int) {
	if len(data) < 2 {
		return 0, nil, 0
	}
	head, length := 2, int(data[1]&0x7F)
	switch {
	case length == 126 && len(data) >= 4:
		head, length = 4, int(binary.BigEndian.Uint16(data[2:]))
	case length == 127 && len(data) >= 10:
		head, length = 10, int(binary.BigEndian.Uint64(data[2:]))
	case length >= 126:
		return 0, nil, 0
	}
	if len(data) < head+length {
		return 0, nil, 0
	}
	return data[0] & 0x0F, data[head : head+length], head + length
}
