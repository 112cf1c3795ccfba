package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	digits   = 9
	patience = time.Minute // with one message, before the run has failed
)

var mark = []byte("message-")

// A sender posts messages the way every contestant takes them.
type sender struct {
	client *http.Client
	target target
	filler string
}

func newSender(t target) *sender {
	connections := 2 * (t.Window + int(t.Rate) + 1)
	transport := &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections, DisableCompression: true}
	filler := strings.Repeat("All work and no play makes a dull room. ", t.Body/40+1)
	return &sender{&http.Client{Transport: transport, Timeout: patience}, t, filler}
}

// post sends a message, with its index in its text, to one of the addresses.
func (s *sender) post(index, topic int) error {
	text := fmt.Sprintf("%s%0*d %s", mark, digits, index, s.filler)[:s.target.Body]
	request, err := http.NewRequest("POST", s.target.Post[topic], strings.NewReader(`{"body":"`+text+`"}`))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.target.Sender)
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusCreated {
		err = fmt.Errorf("POST was answered %s: %s", response.Status, answer)
	}
	return err
}
