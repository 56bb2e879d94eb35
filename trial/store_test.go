package trial

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func open(t *testing.T, url string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	o.MaxRetries = -1
	c := redis.NewClient(o)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestStoreOnlyForThoseWithItsURL(t *testing.T) {
	ctx := context.Background()
	s, err := StartStore(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := open(t, s.URL()).Set(ctx, "a", "1", 0).Err(); err != nil {
		t.Errorf("with its URL: %v", err)
	}
	if err := open(t, "redis://"+s.Addr()+"/0").Get(ctx, "a").Err(); err == nil {
		t.Error("without its password the store answered")
	}
}

func TestStoreKeysExpire(t *testing.T) {
	ctx := context.Background()
	s, err := StartStore(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c := open(t, s.URL())
	if err := c.Set(ctx, "lease", "w1", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	ticks := make(chan time.Time)
	s.ticker.Go(func() { s.age(ticks) })
	left := func() int64 { return c.Exists(ctx, "lease").Val() }
	ticks <- monday
	ticks <- monday.Add(50 * time.Minute) // came late: the machine slept
	ticks <- monday.Add(51 * time.Minute) // taken once the tick before has worked
	if left() != 1 {
		t.Fatal("the key went before its time")
	}
	ticks <- monday.Add(62 * time.Minute)
	ticks <- monday.Add(63 * time.Minute)
	if left() != 0 {
		t.Error("the key outlived its time")
	}
}

func TestStoreStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if s, err := StartStore(ctx); err == nil {
		s.Close()
		t.Error("started under a context that had ended")
	}
}

func TestStoreCloseTwice(t *testing.T) {
	s, err := StartStore(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	s.Close()
	if err := open(t, s.URL()).Ping(context.Background()).Err(); err == nil {
		t.Error("a closed store answers")
	}
}
