package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
)

const redisForms = "expected redis://host:6379/0, rediss://host:6380/0 or redis+sentinel://h1:26379,h2:26379/NAME"

// checkRedis says whether an address of a ledger can be read. The address itself may hold a password and is not shown.
func checkRedis(s string) error {
	_, err := redisOptions(s)
	return err
}

func checkQueueRedis(s string) error {
	if strings.HasPrefix(s, "redis+cluster://") {
		return nil
	}
	_, err := redisOptions(s)
	return err
}

// redisOptions reads an address of Redis. A command is never repeated by the client: a repeated one would hide a lost reply.
func redisOptions(s string) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return nil, errors.New(redisForms)
	}
	switch scheme {
	case "redis", "rediss", "unix":
		o, err := redis.ParseURL(s)
		if err != nil {
			return nil, errors.New(redisForms)
		}
		return &redis.UniversalOptions{
			Addrs: []string{o.Addr}, Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLSConfig, MaxRetries: -1,
		}, nil
	case "redis+sentinel", "redis+cluster":
		// Several hosts with their ports are no URL of net/url: the user is cut off first.
		user, hosts := "", rest
		if i := strings.LastIndex(rest, "@"); i >= 0 {
			user, hosts = rest[:i], rest[i+1:]
		}
		hosts, name, _ := strings.Cut(hosts, "/")
		o := &redis.UniversalOptions{MaxRetries: -1}
		name, query, _ := strings.Cut(name, "?")
		q, err := url.ParseQuery(query)
		if err != nil {
			return nil, errors.New(redisForms)
		}
		for k := range q {
			if scheme != "redis+sentinel" || k != "sentinel_password" {
				return nil, fmt.Errorf("%q is no part of such an address (there is: sentinel_password, with redis+sentinel://)", k)
			}
		}
		o.SentinelPassword = q.Get("sentinel_password")
		for _, h := range strings.Split(hosts, ",") {
			if h == "" {
				return nil, errors.New(redisForms)
			}
			if _, _, err := net.SplitHostPort(h); err != nil {
				if scheme == "redis+sentinel" {
					h = net.JoinHostPort(h, "26379")
				} else {
					h = net.JoinHostPort(h, "6379")
				}
			}
			o.Addrs = append(o.Addrs, h)
		}
		if u, p, has := strings.Cut(user, ":"); user != "" {
			var err error
			if o.Username, err = url.PathUnescape(u); err != nil {
				return nil, errors.New(redisForms)
			}
			if has {
				if o.Password, err = url.PathUnescape(p); err != nil {
					return nil, errors.New(redisForms)
				}
			}
		}
		if scheme == "redis+cluster" {
			o.IsClusterMode = true
			return o, nil
		}
		if name == "" {
			return nil, errors.New("redis+sentinel:// needs the name of the primary after the hosts; " + redisForms)
		}
		o.MasterName = name
		return o, nil
	}
	return nil, errors.New(redisForms)
}

// connect opens the ledger, and the queue's Redis, which is the ledger's unless a setting says otherwise.
func (a *app) connect(ctx context.Context, c config) (*ledger.Ledger, redis.UniversalClient, func(), error) {
	if a.lent != nil {
		return a.lent.ledger, a.lent.queue, func() {}, nil
	}
	rdb, err := a.dialRedis(ctx, c.value["redis"], c.shown("redis"), true)
	if err != nil {
		return nil, nil, nil, err
	}
	l := ledger.New(rdb)
	l.Patience = a.test.ledger()
	if _, err := l.Open(ctx); err != nil {
		_ = rdb.Close()
		return nil, nil, nil, err
	}
	queueURL, shown := c.value["queue_redis"], c.shown("queue_redis")
	if queueURL == "" {
		queueURL, shown = c.value["redis"], c.shown("redis")
	}
	// The queue has a client of its own even on the same server: asynq's blocking and repeated commands stay off the ledger's.
	qdb, err := a.dialRedis(ctx, queueURL, shown, false)
	if err != nil {
		_ = rdb.Close()
		return nil, nil, nil, err
	}
	return l, qdb, func() { _ = qdb.Close(); _ = rdb.Close() }, nil
}

// sentinels makes clients of the sentinels of the ledger, nil where its address names none.
func (a *app) sentinels(c config) *ledger.Sentinels {
	o, err := redisOptions(c.value["redis"])
	if err != nil || o.MasterName == "" {
		return nil
	}
	return ledger.NewSentinels(o.MasterName, o.Addrs, redis.Options{
		Password: o.SentinelPassword, Dialer: a.guard, DialTimeout: time.Second, ReadTimeout: time.Second,
	})
}

func (a *app) dialRedis(ctx context.Context, address, shown string, isLedger bool) (redis.UniversalClient, error) {
	o, err := redisOptions(address)
	if err != nil {
		return nil, err
	}
	if isLedger {
		o.OnConnect = ledger.Load
		if a.memory != nil {
			o.OnConnect = func(ctx context.Context, conn *redis.Conn) error {
				if err := ledger.Load(ctx, conn); err != nil {
					return err
				}
				// A sentinel is asked where the primary is over the same kind of connection; it holds no ledger.
				if err := a.memory.check(ctx, conn); err != nil && !strings.Contains(err.Error(), "unknown command") {
					return err
				}
				return nil
			}
		}
	}
	if a.guard != nil {
		o.Dialer = a.guard
	}
	// Enough for most calls; the library's 64 kB a connection are a tenth of a worker's memory.
	o.ReadBufferSize, o.WriteBufferSize = 8<<10, 16<<10
	rdb := redis.NewUniversalClient(o)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := rdb.Ping(ctx).Err(); err != nil {
		_ = rdb.Close()
		var gone ledger.Refusal
		if errors.As(err, &gone) {
			return nil, gone
		}
		return nil, fmt.Errorf("no Redis at %s: %w; start one (docker compose up redis) or set OUTREACH_REDIS", shown, err)
	}
	return rdb, nil
}

// silent takes the lines that the Redis client would print on its own: every error comes back to its caller as well.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(silent{}) }
