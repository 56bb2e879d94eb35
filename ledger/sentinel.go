package ledger

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Sentinels are asked which replicas could become the primary: so many must have every begin.
type Sentinels struct {
	name    string
	clients []*redis.SentinelClient
}

// NewSentinels makes clients of the sentinels that watch over the primary of this name. What the options say beside the
// address (user, password, dialer) holds for each.
func NewSentinels(name string, addresses []string, o redis.Options) *Sentinels {
	s := &Sentinels{name: name}
	for _, a := range addresses {
		own := o // the client keeps it
		own.Addr, own.MaxRetries = a, -1
		s.clients = append(s.clients, redis.NewSentinelClient(&own))
	}
	return s
}

// Close ends the connections.
func (s *Sentinels) Close() error {
	var errs []error
	for _, c := range s.clients {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// view is what one sentinel knows.
type view struct {
	epoch      int             // of the last failover it has heard of
	primary    string          // address
	promotable map[string]bool // addresses of replicas
	attached   map[string]bool // addresses of replicas that are never promoted, but answer a WAIT like any other
	hidden     int             // replicas that it does not list and might promote
}

// Promotable counts the replicas that could become the primary, also those that are down. A replica with priority 0 never
// does; while it is up it is counted all the same, because WAIT counts answers and cannot say whose. More than half of the
// sentinels must answer, or one that was just reset would lower the count alone. The least is one: without a replica there
// is nothing that a failover could lose, but neither is there one, and a list that is empty is a list being made.
func (s *Sentinels) Promotable(ctx context.Context) (int, error) {
	var views []view
	var errs []error
	newest := 0
	for _, c := range s.clients {
		v, err := s.ask(ctx, c)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		views = append(views, v)
		newest = max(newest, v.epoch)
	}
	if len(views) <= len(s.clients)/2 {
		return 0, fmt.Errorf("%d of %d sentinels answer for %q: %w", len(views), len(s.clients), s.name, errors.Join(errs...))
	}
	all, primaries, hidden := map[string]bool{}, map[string]bool{}, 0
	for _, v := range views {
		if v.epoch < newest {
			continue // it takes the new primary for a replica still
		}
		primaries[v.primary] = true
		for a := range v.promotable {
			all[a] = true
		}
		for a := range v.attached {
			all[a] = true
		}
		hidden = max(hidden, v.hidden)
	}
	for a := range primaries {
		delete(all, a) // whoever leads a failover lists it as a replica until it is over
	}
	return max(1, len(all)+hidden), nil
}

func (s *Sentinels) ask(ctx context.Context, c *redis.SentinelClient) (view, error) {
	primary, err := c.Master(ctx, s.name).Result()
	if err != nil {
		return view{}, err
	}
	list, err := c.Replicas(ctx, s.name).Result()
	if err != nil {
		return view{}, err
	}
	now, err := c.GetMasterAddrByName(ctx, s.name).Result()
	if err != nil {
		return view{}, err
	}
	if len(now) != 2 {
		return view{}, fmt.Errorf("the address of the primary is %q", now)
	}
	v := view{primary: net.JoinHostPort(now[0], now[1]), promotable: map[string]bool{}, attached: map[string]bool{}}
	if before := net.JoinHostPort(primary["ip"], primary["port"]); before != v.primary {
		v.promotable[before] = true
	}
	v.epoch, _ = strconv.Atoi(primary["config-epoch"])
	for _, r := range list {
		address := net.JoinHostPort(r["ip"], r["port"])
		switch {
		case r["slave-priority"] != "0":
			v.promotable[address] = true
		case !strings.Contains(r["flags"], "down") && !strings.Contains(r["flags"], "disconnected"):
			v.attached[address] = true
		}
	}
	// replica-announced no: the list leaves it out, a failover does not.
	n, _ := strconv.Atoi(primary["num-slaves"])
	v.hidden = max(0, n-len(list))
	return v, nil
}
