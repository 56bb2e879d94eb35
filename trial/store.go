package trial

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// A Store is a Redis in the memory of this process. What it holds ends with it.
type Store struct {
	mini     *miniredis.Miniredis
	addr     string
	password string
	stop     chan struct{}
	once     sync.Once
	ticker   sync.WaitGroup
}

// StartStore starts a store on a free loopback port. It has a password, made for this run, so that no other program of
// the machine finds an open Redis and works on it by accident. ctx bounds the start; the store lives until Close.
func StartStore(ctx context.Context) (*Store, error) {
	s := &Store{mini: miniredis.NewMiniRedis(), password: rand.Text(), stop: make(chan struct{})}
	s.mini.RequireAuth(s.password)
	if err := s.mini.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("built-in store: %w", err)
	}
	s.addr = s.mini.Addr()
	tick := time.NewTicker(time.Second)
	s.ticker.Go(func() {
		defer tick.Stop()
		s.age(tick.C)
	})
	if err := s.ping(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("built-in store: %w", err)
	}
	return s, nil
}

// age lets keys expire: miniredis counts their time to live down only when it is told to. A tick that came late counts
// for as long as it took.
func (s *Store) age(ticks <-chan time.Time) {
	var last time.Time
	for {
		select {
		case <-s.stop:
			return
		case now := <-ticks:
			passed := time.Second
			if !last.IsZero() {
				passed = now.Sub(last)
			}
			last = now
			s.mini.FastForward(passed)
		}
	}
}

func (s *Store) ping(ctx context.Context) error {
	options, err := redis.ParseURL(s.URL())
	if err != nil {
		return err
	}
	options.DisableIdentity = true
	client := redis.NewClient(options)
	defer client.Close()
	return client.Ping(ctx).Err()
}

// Turn stops the store's clock at a moment: for a campaign that is run on a clock of its own.
func (s *Store) Turn(to time.Time) { s.mini.SetTime(to) }

// Addr is host:port.
func (s *Store) Addr() string { return s.addr }

// URL is the store as a setting: redis://:password@host:port/0.
func (s *Store) URL() string {
	u := url.URL{Scheme: "redis", User: url.UserPassword("", s.password), Host: s.Addr(), Path: "/0"}
	return u.String()
}

// Close ends the store and forgets what it held. Closing twice is harmless.
func (s *Store) Close() {
	s.once.Do(func() {
		close(s.stop)
		s.ticker.Wait()
		s.mini.Close()
	})
}
