package ledger

import (
	"errors"
	"fmt"
	"net"

	"github.com/redis/go-redis/v9"
)

// refusals are the store's own ways to say no, with what it means for the letters and what mends it. Nothing leaves while
// it lasts, and every call is asked again, so sending goes on by itself.
var refusals = []struct{ prefix, words string }{
	{"OOM", "the store is full; give Redis more maxmemory (it must never evict)"},
	{"READONLY", "the store is a replica, which takes no writes; wait for the failover to end, or let OUTREACH_REDIS name the primary (redis+sentinel:// finds it)"},
	{"NOREPLICAS", "the store takes no writes without its replicas; start the missing one"},
	{"MISCONF", "the store cannot write to its disk; make room there"},
	{"LOADING", "the store is starting and reads its files; wait"},
	{"MASTERDOWN", "the store is a replica without its primary; wait for the failover to end"},
	{"NOSCRIPT", "the store has lost the ledger's scripts; they are loaded again"},
	{"BUSY", "the store is busy with a script; wait"},
}

// explain puts the sentence that a person can act on before an error of the store.
func explain(err error) error {
	for _, r := range refusals {
		if redis.HasErrorPrefix(err, r.prefix) {
			return fmt.Errorf("%s: %w", r.words, err)
		}
	}
	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() {
		return fmt.Errorf("the store does not answer in time: %w", err)
	}
	return err
}
