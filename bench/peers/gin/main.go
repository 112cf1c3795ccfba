// A Gin server that does what our routes do: the strongest plain way to write it that we know.
//
// Prepared statements, one query a page, a connection for each client, tokens remembered as we remember them.
package main

import (
	"database/sql"
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
	_ "github.com/go-sql-driver/mysql"
	"github.com/gomodule/redigo/redis"
)

const clients = 64

func main() {
	gin.SetMode(gin.ReleaseMode)
	todo, chat := open(os.Getenv("TODO_DSN")), open(os.Getenv("CHAT_DSN"))
	tokens := newTokens(os.Getenv("JWKS"))
	pages := newPages(todo, &redis.Pool{
		MaxIdle: clients,
		Dial:    func() (redis.Conn, error) { return redis.DialURL(os.Getenv("REDIS_URL")) },
	})
	router := gin.New()
	router.GET("/ready", func(c *gin.Context) { c.Status(http.StatusOK) })
	api := router.Group("/", tokens.require)
	api.GET("/api/todo/trivial", func(c *gin.Context) { c.Data(http.StatusOK, media, []byte(`{"ok":true}`)) })
	api.GET("/api/todo/lists/:list/tasks", pages.fromRows)
	api.GET("/cached/lists/:list/tasks", pages.fromCache)
	api.POST("/api/todo/lists/:list/tasks", insertTask(todo))
	api.POST("/api/chat/rooms/:room/messages", insertMessage(chat))
	log.Fatal(router.Run(os.Getenv("HOST") + ":" + os.Getenv("PORT")))
}

const media = "application/json"

func open(dsn string) *sql.DB {
	db, err := sql.Open("mysql", dsn)
	must(err)
	db.SetMaxOpenConns(clients)
	db.SetMaxIdleConns(clients)
	must(db.Ping())
	return db
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
