package main

import (
	"database/sql"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

const taskInsert = `INSERT INTO plain_tasks
	(list_id, id, title, notes, done, priority, labels, position, version, creator_id)
	VALUES (?, ?, ?, '', 0, ?, '[]', 'a0', 1, ?)`

const messageInsert = `INSERT INTO plain_messages
	(room_id, id, seq, number, kind, author_id, body, version) VALUES (?, ?, ?, 1, 'message', ?, ?, 1)`

// insertTask does one durable insert a request: no membership, no log, no publication.
func insertTask(db *sql.DB) gin.HandlerFunc {
	insert, err := db.Prepare(taskInsert)
	must(err)
	return func(c *gin.Context) {
		var body struct {
			Title    string `json:"title" binding:"required"`
			Priority int    `json:"priority"`
		}
		list, err := uuid.Parse(c.Param("list"))
		if err != nil || c.ShouldBindJSON(&body) != nil {
			c.Status(http.StatusUnprocessableEntity)
			return
		}
		id, account := uuid.New(), accountOf(c)
		if _, err := insert.Exec(list[:], id[:], body.Title, body.Priority, account[:]); err != nil {
			c.Status(http.StatusServiceUnavailable)
			return
		}
		c.JSON(http.StatusCreated, task{ID: id, ListID: list, Title: body.Title, Priority: body.Priority,
			Labels: []byte("[]"), AssigneeIDs: []uuid.UUID{}, Position: "a0", Version: 1})
	}
}

type message struct {
	ID        uuid.UUID  `json:"id"`
	RoomID    uuid.UUID  `json:"room_id"`
	Seq       int64      `json:"seq"`
	Number    int        `json:"number"`
	Kind      string     `json:"kind"`
	AuthorID  uuid.UUID  `json:"author_id"`
	Body      string     `json:"body"`
	ThreadID  *uuid.UUID `json:"thread_id"`
	TaskID    *uuid.UUID `json:"task_id"`
	Activity  *string    `json:"activity"`
	CreatedAt time.Time  `json:"created_at"`
	EditedAt  *time.Time `json:"edited_at"`
	DeletedAt *time.Time `json:"deleted_at"`
	Reactions []string   `json:"reactions"`
	Version   int        `json:"version"`
}

// insertMessage likewise.
func insertMessage(db *sql.DB) gin.HandlerFunc {
	insert, err := db.Prepare(messageInsert)
	must(err)
	return func(c *gin.Context) {
		var body struct {
			Body string `json:"body" binding:"required"`
		}
		room, err := uuid.Parse(c.Param("room"))
		if err != nil || c.ShouldBindJSON(&body) != nil {
			c.Status(http.StatusUnprocessableEntity)
			return
		}
		id, account, now := uuid.New(), accountOf(c), time.Now().UTC()
		// A number of the room's own would take a lock; the time stands in for it.
		if _, err := insert.Exec(room[:], id[:], now.UnixNano(), account[:], body.Body); err != nil {
			c.Status(http.StatusServiceUnavailable)
			return
		}
		c.JSON(http.StatusCreated, message{ID: id, RoomID: room, Seq: now.Unix(), Number: 1, Kind: "message",
			AuthorID: account, Body: body.Body, CreatedAt: now.Truncate(time.Microsecond),
			Reactions: []string{}, Version: 1})
	}
}
