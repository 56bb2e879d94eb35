package worker_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"outreach.example/letter"
)

// Nothing is taken up while Redis is nearly full, and it goes on by itself when there is room.
func TestNoRoom(t *testing.T) {
	donors := givers(2)
	h := newHouse(t, "registry@iom.example", donors)
	memory := &memory{used: 81, most: 100}
	h.ledger.Redis.AddHook(memory)
	h.worker.Look(h.ctx)
	h.process()
	if n := h.states(donors); n[letter.Planned] != 2 || len(h.box.Letters()) != 0 {
		t.Errorf("%v", n)
	}
	memory.used = 80
	h.worker.Look(h.ctx)
	h.process()
	if n := h.states(donors); n[letter.Sent] != 2 {
		t.Errorf("%v", n)
	}
}

// memory answers INFO memory, which the store in the process does not know, in hundreds of MB.
type memory struct{ used, most int }

func (m *memory) DialHook(next redis.DialHook) redis.DialHook { return next }
func (m *memory) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (m *memory) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if info, ok := cmd.(*redis.StringCmd); ok && cmd.Name() == "info" {
			info.SetVal(fmt.Sprintf("# Memory\r\nused_memory:%d\r\nmaxmemory:%d\r\n", m.used<<20, m.most<<20))
			return nil
		}
		return next(ctx, cmd)
	}
}
