package main

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gomodule/redigo/redis"
	"github.com/google/uuid"
)

const pageQuery = `SELECT t.id, t.parent_id, t.title, t.notes, t.done, t.due, t.priority, t.labels, t.position,
	t.version, o.seq, o.epoch
	FROM members m JOIN topics o ON o.topic = ? JOIN tasks t ON t.list_id = m.list_id
	WHERE m.list_id = ? AND m.account_id = ? AND t.position IS NOT NULL
	ORDER BY t.position, t.id LIMIT 51`

type task struct {
	ID          uuid.UUID       `json:"id"`
	ListID      uuid.UUID       `json:"list_id"`
	ParentID    *uuid.UUID      `json:"parent_id"`
	Title       string          `json:"title"`
	Notes       string          `json:"notes"`
	Done        bool            `json:"done"`
	DoneAt      *time.Time      `json:"done_at"`
	Due         *time.Time      `json:"due"`
	Priority    int             `json:"priority"`
	Labels      json.RawMessage `json:"labels"`
	AssigneeIDs []uuid.UUID     `json:"assignee_ids"`
	Position    string          `json:"position"`
	Version     uint64          `json:"version"`
}

type page struct {
	Items []task  `json:"items"`
	Next  *string `json:"next"`
	Seq   uint64  `json:"seq"`
	Epoch string  `json:"epoch"`
}

// Pages answers pages of a list's tasks, to its members.
type Pages struct {
	query *sql.Stmt
	redis *redis.Pool
	lock  sync.RWMutex
	held  map[uuid.UUID]held
}

type held struct {
	version string
	bytes   []byte
}

func newPages(db *sql.DB, pool *redis.Pool) *Pages {
	query, err := db.Prepare(pageQuery)
	must(err)
	return &Pages{query: query, redis: pool, held: map[uuid.UUID]held{}}
}

func (p *Pages) fromRows(c *gin.Context) {
	list, err := uuid.Parse(c.Param("list"))
	if err != nil {
		c.Status(http.StatusUnprocessableEntity)
		return
	}
	found, err := p.read(list, accountOf(c))
	if err != nil || len(found.Items) == 0 {
		c.Status(http.StatusNotFound)
		return
	}
	c.JSON(http.StatusOK, found)
}

// fromCache asks Redis, in one round trip, for the list's version and whether the caller is a member.
func (p *Pages) fromCache(c *gin.Context) {
	list, err := uuid.Parse(c.Param("list"))
	if err != nil {
		c.Status(http.StatusUnprocessableEntity)
		return
	}
	account := accountOf(c)
	connection := p.redis.Get()
	defer connection.Close()
	version, member := "version:"+list.String(), "member:"+list.String()+":"+account.String()
	known, err := redis.Strings(connection.Do("MGET", version, member))
	if err != nil {
		c.Status(http.StatusServiceUnavailable)
		return
	}
	p.lock.RLock()
	page := p.held[list]
	p.lock.RUnlock()
	if known[0] == "" || known[1] == "" || page.version != known[0] {
		if page, err = p.fill(connection, list, account, version, member); err != nil {
			c.Status(http.StatusNotFound)
			return
		}
	}
	c.Data(http.StatusOK, media, page.bytes)
}

func (p *Pages) fill(connection redis.Conn, list, account uuid.UUID, version, member string) (held, error) {
	found, err := p.read(list, account)
	if err != nil || len(found.Items) == 0 {
		return held{}, sql.ErrNoRows
	}
	bytes, err := json.Marshal(found)
	if err != nil {
		return held{}, err
	}
	made := held{strconv.FormatUint(found.Seq, 10), bytes}
	if _, err = connection.Do("MSET", version, made.version, member, "1"); err != nil {
		return held{}, err
	}
	p.lock.Lock()
	p.held[list] = made
	p.lock.Unlock()
	return made, nil
}

func (p *Pages) read(list, account uuid.UUID) (page, error) {
	found := page{Items: make([]task, 0, 50)}
	rows, err := p.query.Query("list:"+list.String(), list[:], account[:])
	if err != nil {
		return found, err
	}
	defer rows.Close()
	for rows.Next() && len(found.Items) < 50 {
		each := task{ListID: list, AssigneeIDs: []uuid.UUID{}}
		var parent, labels, position []byte
		err := rows.Scan(&each.ID, &parent, &each.Title, &each.Notes, &each.Done, &each.Due, &each.Priority,
			&labels, &position, &each.Version, &found.Seq, &found.Epoch)
		if err != nil {
			return found, err
		}
		if parent != nil {
			id, _ := uuid.FromBytes(parent)
			each.ParentID = &id
		}
		each.Labels, each.Position = labels, string(position)
		found.Items = append(found.Items, each)
	}
	return found, rows.Err()
}
