package main

import (
	"fmt"
	"os"
	"sync"
	"syscall"
)

const (
	perAddress   = 5000      // connections from one source address: each has its own ephemeral ports
	readBytes    = 256 << 10 // of one socket at once
	ipBindNoPort = 24        // Linux, ip(7): IP_BIND_ADDRESS_NO_PORT, choose the port when connecting
)

// A loop drives all sockets with one epoll instance in one goroutine: a read is one system call, and a frame
// that comes costs no switch between goroutines.
type loop struct {
	target   target
	protocol protocol
	deliver  func(*socket, []byte) // a delivery has come
	sockets  []*socket
	epoll    int
	file     *os.File
	mutex    sync.Mutex // held while events are handled, and by whoever opens or closes sockets
}

func newLoop(t target, deliver func(*socket, []byte)) *loop {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	check(err)
	// Nonblocking, so that Go's own poller waits for it: an epoll instance can be polled like a socket.
	check(syscall.SetNonblock(epoll, true))
	l := &loop{
		target: t, protocol: protocols[t.Protocol](t), deliver: deliver,
		epoll: epoll, file: os.NewFile(uintptr(epoll), "epoll"),
	}
	for i := 0; i < t.Sockets; i++ {
		l.sockets = append(l.sockets, &socket{index: i, fd: -1})
	}
	go l.run()
	return l
}

func (l *loop) run() {
	events, buffer := make([]syscall.EpollEvent, 1024), make([]byte, readBytes)
	connection, err := l.file.SyscallConn()
	for err == nil {
		count := 0
		var failure error
		err = connection.Read(func(fd uintptr) bool {
			count, failure = syscall.EpollWait(int(fd), events, 0)
			return count != 0 || (failure != nil && failure != syscall.EINTR)
		})
		if err == nil {
			err = failure
		}
		l.mutex.Lock()
		for _, event := range events[:max(count, 0)] {
			if s := l.sockets[event.Fd]; s.state != closed {
				check(l.handle(s, buffer))
			}
		}
		l.mutex.Unlock()
	}
	check(err)
}

// handle does what has become possible on one socket. No socket may fail: whatever goes wrong ends the run.
func (l *loop) handle(s *socket, buffer []byte) error {
	if s.state == connecting {
		if number, err := syscall.GetsockoptInt(s.fd, syscall.SOL_SOCKET, syscall.SO_ERROR); err != nil || number != 0 {
			return fmt.Errorf("socket %d could not connect: %v", s.index, syscall.Errno(number))
		}
		s.state = upgrading
		if err := l.watch(syscall.EPOLL_CTL_MOD, s, syscall.EPOLLIN); err != nil {
			return err
		}
		return s.upgrade(l.target)
	}
	kept := copy(buffer, s.rest)
	count, err := syscall.Read(s.fd, buffer[kept:])
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return nil
	}
	if err != nil || count == 0 {
		return fmt.Errorf("socket %d was cut: %v", s.index, err)
	}
	rest, err := s.receive(buffer[:kept+count], l.protocol, l.text)
	if err != nil {
		return fmt.Errorf("socket %d: %w", s.index, err)
	}
	if s.rest = append(s.rest[:0], rest...); len(rest) == 0 {
		s.rest = nil
	}
	return nil
}

func (l *loop) text(s *socket, payload []byte) error {
	delivery, err := l.protocol.text(s, payload)
	if delivery && err == nil {
		s.events++
		l.deliver(s, payload)
	}
	return err
}

func (s *socket) becomeReady() {
	s.state = ready
	if s.progress != nil {
		s.progress(s)
	}
}

// open begins to connect; the loop does the rest. The mutex is held.
func (l *loop) open(s *socket) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	check(err)
	s.fd, s.state, s.rest = fd, connecting, nil
	check(syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1))
	check(syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, ipBindNoPort, 1))
	check(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 1, byte(1 + s.index/perAddress)}}))
	to := &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: l.target.port}
	if err := syscall.Connect(fd, to); err != syscall.EINPROGRESS {
		check(err)
	}
	check(l.watch(syscall.EPOLL_CTL_ADD, s, syscall.EPOLLOUT))
}

func (l *loop) watch(how int, s *socket, events uint32) error {
	return syscall.EpollCtl(l.epoll, how, s.fd, &syscall.EpollEvent{Events: events, Fd: int32(s.index)})
}

// close cuts the connection: a reset, as when a cable is pulled, and no TIME_WAIT. The mutex is held.
func (l *loop) close(s *socket) {
	s.state = closed
	_ = syscall.SetsockoptLinger(s.fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	_ = syscall.Close(s.fd)
}

// openAll opens every socket, so many at a time, and waits until all are ready.
func (l *loop) openAll(atOnce int) {
	places, done := make(chan struct{}, atOnce), sync.WaitGroup{}
	done.Add(len(l.sockets))
	for _, s := range l.sockets {
		places <- struct{}{}
		l.mutex.Lock()
		s.progress = func(s *socket) {
			s.progress = nil
			<-places
			done.Done()
		}
		l.open(s)
		l.mutex.Unlock()
	}
	done.Wait()
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
