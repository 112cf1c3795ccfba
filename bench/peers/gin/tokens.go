package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt"
	"github.com/google/uuid"
)

// Tokens verifies auth's access tokens (ES256) with its public keys, each token once.
type Tokens struct {
	keys  map[string]*ecdsa.PublicKey
	known sync.Map // of digests to identities
}

type identity struct {
	account uuid.UUID
	expires time.Time
}

func newTokens(jwks string) *Tokens {
	var set struct {
		Keys []struct{ Kid, X, Y string }
	}
	must(json.Unmarshal([]byte(jwks), &set))
	keys := map[string]*ecdsa.PublicKey{}
	for _, key := range set.Keys {
		keys[key.Kid] = &ecdsa.PublicKey{Curve: elliptic.P256(), X: number(key.X), Y: number(key.Y)}
	}
	return &Tokens{keys: keys}
}

func number(text string) *big.Int {
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	must(err)
	return new(big.Int).SetBytes(bytes)
}

// require refuses who is not known, and tells the route who is.
func (t *Tokens) require(c *gin.Context) {
	text := strings.TrimPrefix(c.GetHeader("Authorization"), "Bearer ")
	digest := sha256.Sum256([]byte(text))
	found, ok := t.known.Load(digest)
	if !ok {
		checked, err := t.check(text)
		if err != nil {
			c.AbortWithStatus(http.StatusUnauthorized)
			return
		}
		t.known.Store(digest, checked)
		found = checked
	}
	who := found.(identity)
	if time.Now().After(who.expires) {
		c.AbortWithStatus(http.StatusUnauthorized)
		return
	}
	c.Set("account", who.account)
}

func (t *Tokens) check(text string) (identity, error) {
	claims := jwt.MapClaims{}
	parser := jwt.Parser{ValidMethods: []string{"ES256"}}
	_, err := parser.ParseWithClaims(text, claims, func(token *jwt.Token) (interface{}, error) {
		kid, _ := token.Header["kid"].(string)
		if key := t.keys[kid]; key != nil {
			return key, nil
		}
		return nil, errors.New("no such key")
	})
	if err != nil {
		return identity{}, err
	}
	subject, _ := claims["sub"].(string)
	account, err := uuid.Parse(subject)
	expires, _ := claims["exp"].(float64)
	if claims["aud"] != "todolist" {
		return identity{}, errors.New("not for us")
	}
	return identity{account, time.Unix(int64(expires), 0)}, err
}

func accountOf(c *gin.Context) uuid.UUID {
	return c.MustGet("account").(uuid.UUID)
}
