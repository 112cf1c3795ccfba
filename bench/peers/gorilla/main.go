// A room in Go: gorilla's PreparedMessage to every connection, messages through Redis. The same POST, the same
// event, the same bytes as ours. Nothing is stored and nobody is asked who they are.
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/gorilla/websocket"
)

const channel = "room"

type resource struct {
	ID        string   `json:"id"`
	Room      string   `json:"room_id"`
	Seq       int64    `json:"seq"`
	Number    int64    `json:"number"`
	Kind      string   `json:"kind"`
	Author    string   `json:"author_id"`
	Body      string   `json:"body"`
	Thread    *string  `json:"thread_id"`
	Task      *string  `json:"task_id"`
	Activity  *string  `json:"activity"`
	CreatedAt string   `json:"created_at"`
	EditedAt  *string  `json:"edited_at"`
	DeletedAt *string  `json:"deleted_at"`
	Reactions []string `json:"reactions"`
	Version   int64    `json:"version"`
}

type event struct {
	Op    string   `json:"op"`
	Topic string   `json:"topic"`
	Seq   int64    `json:"seq"`
	Kind  string   `json:"kind"`
	At    string   `json:"at"`
	Actor string   `json:"actor_id"`
	Data  resource `json:"data"`
}

type server struct {
	pool         *redis.Pool
	room, author string
	seq          int64
	mutex        sync.Mutex
	connections  map[*websocket.Conn]bool
}

func (s *server) post(w http.ResponseWriter, r *http.Request) {
	var said struct{ Body string }
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	at, seq := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), atomic.AddInt64(&s.seq, 1)
	message := resource{
		ID: newID(), Room: s.room, Seq: seq, Number: seq, Kind: "message", Author: s.author, Body: said.Body,
		CreatedAt: at, Reactions: []string{}, Version: seq,
	}
	text, _ := json.Marshal(event{"event", "room:" + s.room, seq, "message.created", at, s.author, message})
	connection := s.pool.Get()
	_, err := connection.Do("PUBLISH", channel, text)
	connection.Close()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(message)
}

func (s *server) live(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	connection, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	s.mutex.Lock()
	s.connections[connection] = true
	s.mutex.Unlock()
	for err == nil { // whoever does not read does not answer pings either
		_, _, err = connection.NextReader()
	}
	s.mutex.Lock()
	delete(s.connections, connection)
	s.mutex.Unlock()
	connection.Close()
}

// deliver writes what Redis says to every connection, one frame prepared once.
func (s *server) deliver(text []byte) {
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, text)
	if err != nil {
		log.Fatal(err)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for connection := range s.connections {
		if connection.WritePreparedMessage(prepared) != nil {
			connection.Close()
		}
	}
}

func (s *server) follow(url string) {
	connection, err := redis.DialURL(url)
	if err != nil {
		log.Fatal(err)
	}
	subscription := redis.PubSubConn{Conn: connection}
	if err := subscription.Subscribe(channel); err != nil {
		log.Fatal(err)
	}
	for {
		switch said := subscription.Receive().(type) {
		case redis.Message:
			s.deliver(said.Data)
		case error:
			log.Fatal(said)
		}
	}
}

func newID() string {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		log.Fatal(err)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

func main() {
	url := os.Getenv("REDIS_URL")
	s := &server{
		pool: &redis.Pool{MaxIdle: 64, Dial: func() (redis.Conn, error) { return redis.DialURL(url) }},
		room: newID(), author: newID(), connections: map[*websocket.Conn]bool{},
	}
	go s.follow(url)
	http.HandleFunc("/live", s.live)
	http.HandleFunc("/messages", s.post)
	http.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	log.Fatal(http.ListenAndServe(os.Getenv("HOST")+":"+os.Getenv("PORT"), nil))
}
