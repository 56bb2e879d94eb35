package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"outreach.example/ledger/ledgertest"
)

// How many replicas a begin waits for follows from two settings; what cannot be is refused with what to type.
func TestWantedReplicas(t *testing.T) {
	tests := []struct {
		redis, replicas string
		n               int
		counted         bool
		fault           string
	}{
		{"redis://h:6379/0", "", 0, false, ""},
		{"redis://h:6379/0", "2", 2, false, ""},
		{"redis://h:6379/0", "sentinel", 0, false, "set OUTREACH_REDIS to redis+sentinel://"},
		{"redis+sentinel://h/ledger", "", 0, true, ""},
		{"redis+sentinel://h/ledger", "sentinel", 0, true, ""},
		{"redis+sentinel://h/ledger", "0", 0, false, ""},
	}
	for _, tt := range tests {
		n, counted, err := config{value: map[string]string{"redis": tt.redis, "replicas": tt.replicas}}.wanted()
		if n != tt.n || counted != tt.counted || (err == nil) != (tt.fault == "") || err != nil && !strings.Contains(err.Error(), tt.fault) {
			t.Errorf("%s, replicas %q: %d, %v, %v", tt.redis, tt.replicas, n, counted, err)
		}
	}
	for _, s := range []string{"two", "-1", "10", "Sentinel"} {
		if checkReplicas(s) == nil {
			t.Errorf("replicas may be %q", s)
		}
	}
}

// An address of sentinels may hold their own password, and nothing else that nobody reads.
func TestSentinelAddress(t *testing.T) {
	o, err := redisOptions("redis+sentinel://user:one@h1,h2:26380/ledger?sentinel_password=two")
	if err != nil || o.Username != "user" || o.Password != "one" || o.SentinelPassword != "two" || o.MasterName != "ledger" ||
		strings.Join(o.Addrs, " ") != "h1:26379 h2:26380" {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := redisOptions("redis+sentinel://h1/ledger?db=3"); err == nil || !strings.Contains(err.Error(), `"db" is no part`) {
		t.Errorf("db: %v", err)
	}
}

// doctor names replicas that no begin waits for, begins that wait for more than there are, and a primary that would go on
// alone.
func TestDoctorReplicas(t *testing.T) {
	primary := ledgertest.Start(t)
	rdb := ledgertest.Client(t, primary.Addr)
	_, port, _ := net.SplitHostPort(primary.Addr)
	look := func(replicas string) string {
		t.Helper()
		text, err := rdb.Info(t.Context(), "replication").Result()
		if err != nil {
			t.Fatal(err)
		}
		info := map[string]string{}
		for _, line := range strings.Split(text, "\r\n") {
			k, v, _ := strings.Cut(line, ":")
			info[k] = v
		}
		var out []string
		c := config{value: map[string]string{"redis": "redis://" + primary.Addr + "/0", "replicas": replicas}}
		for _, f := range (&app{}).replicas(t.Context(), c, rdb, info) {
			out = append(out, fmt.Sprintf("%v %s: %s (%s)", f.Well, f.What, f.Says, f.Mend))
		}
		return strings.Join(out, "\n")
	}
	says := func(replicas string, want ...string) {
		t.Helper()
		got := look(replicas)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("replicas %q: %s\nwant %s", replicas, got, w)
			}
		}
	}
	says("", "true redis replicas: none")
	says("1", "false redis replicas: sending waits: 0 of 1 replicas answer", "start the missing replica")
	ledgertest.Start(t, "--replicaof", "127.0.0.1", port)
	ledgertest.Await(t, "the replica", func(ctx context.Context) error {
		if text, err := rdb.Info(ctx, "replication").Result(); err != nil || !strings.Contains(text, "state=online") {
			return fmt.Errorf("%v %s", err, text)
		}
		return nil
	})
	says("", "false redis replicas: 1 could become the primary and a letter's begin waits for 0", "set OUTREACH_REPLICAS=1", "false redis min-replicas-to-write: is 0")
	if err := rdb.ConfigSet(t.Context(), "min-replicas-to-write", "1").Err(); err != nil {
		t.Fatal(err)
	}
	says("1", "true redis replicas: every begin waits for 1", "true redis min-replicas-to-write: 1")
}

// A house behind sentinels plans: what is remembered of the ledger is asked of the primary, and not of the sentinels, which
// are met over connections of the same kind.
func TestPlanBehindSentinels(t *testing.T) {
	top := ledgertest.Sentinel(t)
	dir := t.TempDir()
	env := map[string]string{
		"OUTREACH_REDIS":   "redis+sentinel://" + strings.Join(top.Sentinels, ",") + "/" + ledgertest.PrimaryName,
		"OUTREACH_INTENTS": t.TempDir(), "OUTREACH_USER": "ann",
	}
	for _, args := range [][]string{{"init", dir + "/house"}, {"-C", dir + "/house", "plan", "resilience"}, {"status", "resilience"}} {
		var out, errs strings.Builder
		if code := run(context.Background(), args, func(k string) string { return env[k] }, strings.NewReader(""), &out, &errs); code != exitDone {
			t.Fatalf("outreach %v: %d, %s", args, code, errs.String())
		}
	}
}
