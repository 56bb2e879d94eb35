package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
)

// answersKept is how long the answer to a request with an Idempotency-Key is given again instead of deciding again.
const answersKept = 24 * time.Hour

// underWay is how long a request may take before another one with its key is tried again.
const underWay = 2 * time.Minute

// answered is an answer as it is kept.
type answered struct {
	Status int    `json:"status"` // 0 while the request is under way
	Kind   string `json:"kind"`
	Body   string `json:"body"`
}

// once answers a decision once for each Idempotency-Key that a program sends with it: the same request with the same key
// gets the first answer again. Without a key a decision is as safe to repeat as the command it stands for.
func (a *asking) once(do func(*asking) error) error {
	if err := a.read(); err != nil {
		return err
	}
	key := a.r.Header.Get("Idempotency-Key")
	if key == "" || a.r.Method == http.MethodGet {
		return do(a)
	}
	if len(key) > 200 {
		return fault{http.StatusBadRequest, "The Idempotency-Key is too long", "It has at most 200 characters: a random one for each decision."}
	}
	sum := sha256.Sum256([]byte(ledger.PersonKey(a.person.Name) + "\n" + a.program + "\n" + key))
	request := sha256.Sum256([]byte(a.r.Method + " " + a.r.URL.RequestURI() + "\n" + string(a.body)))
	name := ledger.ConsoleKey("answer:" + hex.EncodeToString(sum[:]))
	rdb, ctx := a.Ledger.Redis, a.r.Context()
	field := hex.EncodeToString(request[:])
	claim, _ := json.Marshal(answered{}) // text and numbers always encode
	taken, err := rdb.SetNX(ctx, name, field+string(claim), underWay).Result()
	if err != nil {
		return err
	}
	if !taken {
		return a.give(name, field)
	}
	record := &recorder{ResponseWriter: a.w, status: http.StatusOK}
	a.w = record
	if err := do(a); err != nil {
		a.problem(err)
	}
	if record.status >= http.StatusInternalServerError {
		return rdb.Del(ctx, name).Err() // it failed, and may be tried again
	}
	kept, _ := json.Marshal(answered{record.status, record.Header().Get("Content-Type"), record.body.String()})
	return rdb.Set(ctx, name, field+string(kept), answersKept).Err()
}

// give gives a kept answer again.
func (a *asking) give(name, field string) error {
	v, err := a.Ledger.Redis.Get(a.r.Context(), name).Result()
	if errors.Is(err, redis.Nil) {
		return fault{http.StatusConflict, "Try again", "The request with this Idempotency-Key has just failed; send it again."}
	}
	if err != nil {
		return err
	}
	if len(v) < len(field) || v[:len(field)] != field {
		return fault{http.StatusUnprocessableEntity, "Another request has this Idempotency-Key", "Every decision has a key of its own."}
	}
	var kept answered
	if err := json.Unmarshal([]byte(v[len(field):]), &kept); err != nil {
		return err
	}
	if kept.Status == 0 {
		return fault{http.StatusConflict, "Under way", "The request with this Idempotency-Key is being answered; ask again in a moment."}
	}
	a.w.Header().Set("Content-Type", kept.Kind)
	a.w.Header().Set("Idempotency-Replayed", "true")
	a.w.WriteHeader(kept.Status)
	_, _ = a.w.Write([]byte(kept.Body)) // a reader who went away misses nothing
	return nil
}

// recorder keeps what is answered while it is.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}
