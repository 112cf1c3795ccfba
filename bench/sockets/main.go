// The load of the socket jobs: it opens sockets to one contestant, makes it deliver, and measures from outside.
//
//	load fanout|idle|resume    reads a target as JSON from standard input, one line; writes JSON lines
//
// After a line with a "phase" it waits for a line of input before it goes on, so that whoever started it can
// look at the server in that moment. The last line is the result.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// A target is one contestant, and what to do to it.
type target struct {
	Protocol string   // todolist, plain or socketio
	Live     string   // host:port of the process that holds the sockets
	Path     string   // of its WebSocket endpoint
	Post     []string // the addresses that take messages, one for each topic
	Tokens   []string // of the people who open the sockets, in turn
	Topics   []string // what they follow, in turn
	Sender   string   // the token that posts
	Sockets  int
	Body     int     // bytes of a message's text
	Window   int     // messages under way at once, or
	Rate     float64 // messages a second
	Warmup   float64 // seconds that are not counted
	Seconds  float64
	Messages int            // missed in each topic while the sockets were cut
	Watch    map[string]int // process ids by name, whose CPU time is taken with ours

	port int // of Live
}

var input = bufio.NewScanner(os.Stdin)

func main() {
	jobs := map[string]func(target) any{"fanout": fanout, "idle": idle, "resume": resume}
	if len(os.Args) != 2 || jobs[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: load fanout|idle|resume < target.json")
		os.Exit(2)
	}
	input.Buffer(nil, 64<<20)
	var t target
	input.Scan()
	check(json.Unmarshal(input.Bytes(), &t))
	if protocols[t.Protocol] == nil {
		check(fmt.Errorf("no protocol %q", t.Protocol))
	}
	_, port, err := net.SplitHostPort(t.Live)
	check(err)
	t.port, err = strconv.Atoi(port)
	check(err)
	enoughFiles(t.Sockets)
	say(jobs[os.Args[1]](t))
}

// enoughFiles raises the limit of open files to what it may be.
func enoughFiles(sockets int) {
	var limit syscall.Rlimit
	check(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	limit.Cur = limit.Max
	check(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	if need := uint64(sockets + 200); limit.Max < need {
		check(fmt.Errorf("%d sockets need ulimit -n %d; it is %d", sockets, need, limit.Max))
	}
}

// pause says what has been reached, and waits for a line of input.
func pause(phase string) {
	say(map[string]any{"phase": phase})
	if !input.Scan() {
		os.Exit(0) // whoever started us has gone
	}
}

func say(value any) { check(json.NewEncoder(os.Stdout).Encode(value)) }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}
