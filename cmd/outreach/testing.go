package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"outreach.example/ledger"
	"outreach.example/relay"
	"outreach.example/worker"
)

// The test settings. They are no settings of outreach.yaml and no flags, so that nobody meets them by accident, and they
// are refused unless every letter goes to a relay on this machine itself.
const (
	testSpeed = "OUTREACH_TEST_SPEED" // 20: leases, retries, doubts and sweeps come twenty times faster
	testClock = "OUTREACH_TEST_CLOCK" // +1h: this process's clock is an hour fast; +1h@5s: it jumps so after five seconds
	testFail  = "OUTREACH_TEST_FAIL"  // point:n[:stop],...: kill -9 (or SIGSTOP) itself at the n-th passing of a point
	// A profile of the CPU's work is written to this file when the process ends.
	testProfile = "OUTREACH_TEST_PROFILE"
)

// testSettings is what the test settings say. The zero value is real work.
type testSettings struct {
	speed   int
	fail    func(point string)
	profile string
}

// underTest reads the test settings before any command runs.
func (a *app) underTest() error {
	var on []string
	for _, name := range []string{testSpeed, testClock, testFail, testProfile} {
		if v := a.getenv(name); v != "" {
			on = append(on, name+"="+v)
		}
	}
	if len(on) == 0 {
		return nil
	}
	c, err := a.config()
	if err != nil {
		return err
	}
	list, err := relay.ParseList(c.value["relay"])
	if err != nil || len(list) == 0 || slices.ContainsFunc(list, func(s relay.Settings) bool { return !here(s.Host) }) {
		return ledger.Refusal(fmt.Sprintf("%s is for tests, and not every relay is on this machine; unset it", strings.Join(on, ", ")))
	}
	fmt.Fprintf(a.errs, "outreach: TEST SETTINGS ARE ON, no real letter may be sent like this: %s\n", strings.Join(on, ", "))
	if v := a.getenv(testSpeed); v != "" {
		if a.test.speed, err = strconv.Atoi(v); err != nil || a.test.speed < 1 {
			return usagef("%s=%s is not a whole number from 1", testSpeed, v)
		}
	}
	if v := a.getenv(testClock); v != "" {
		if err := a.shiftClock(v); err != nil {
			return err
		}
	}
	if v := a.getenv(testFail); v != "" {
		if a.test.fail, err = failAt(v); err != nil {
			return err
		}
	}
	a.test.profile = a.getenv(testProfile)
	return nil
}

// here says that a host is this machine by its address, or by the one name that always is.
func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// shiftClock moves the time of day that this process sees.
func (a *app) shiftClock(v string) error {
	shift, after, later := strings.Cut(v, "@")
	by, err := time.ParseDuration(shift)
	wait := time.Duration(0)
	if later && err == nil {
		wait, err = time.ParseDuration(after)
	}
	if err != nil {
		return usagef("%s=%s is not a time such as +1h or -24h@5s", testClock, v)
	}
	now, began := a.now, a.now()
	a.now = func() time.Time {
		t := now()
		if t.Sub(began) < wait {
			return t
		}
		return t.Add(by)
	}
	return nil
}

// failAt makes the function that ends or stops this process at named points.
func failAt(v string) (func(string), error) {
	type end struct {
		left   atomic.Int64
		signal syscall.Signal
	}
	ends := map[string]*end{}
	for _, part := range strings.Split(v, ",") {
		f := strings.Split(part, ":")
		n := 0
		if len(f) >= 2 {
			n, _ = strconv.Atoi(f[1])
		}
		if n < 1 || len(f) > 3 || len(f) == 3 && f[2] != "stop" {
			return nil, usagef("%s: %q is not point:n or point:n:stop", testFail, part)
		}
		e := &end{signal: syscall.SIGKILL}
		if len(f) == 3 {
			e.signal = syscall.SIGSTOP
		}
		e.left.Store(int64(n))
		ends[f[0]] = e
	}
	return func(point string) {
		e := ends[point]
		if e == nil || e.left.Add(-1) != 0 {
			return
		}
		_ = syscall.Kill(os.Getpid(), e.signal)
		if e.signal == syscall.SIGKILL {
			select {} // nothing more of this goroutine happens while the signal is on its way
		}
	}, nil
}

// profiled starts the profile that was asked for, and gives what ends it.
func (t testSettings) profiled() (func(), error) {
	if t.profile == "" {
		return func() {}, nil
	}
	f, err := os.Create(t.profile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}

// at is a time at the speed of the test, and no shorter than a busy machine needs.
func (t testSettings) at(d, least time.Duration) time.Duration {
	if t.speed <= 1 {
		return d
	}
	return max(d/time.Duration(t.speed), min(d, least))
}

// worker are a worker's times, with the days after which it gives a letter up.
func (t testSettings) worker(giveUp time.Duration) worker.Times {
	w := worker.Standard
	w.GiveUp = giveUp
	for _, list := range []*[]time.Duration{&w.Retry, &w.Greylisted} {
		*list = slices.Clone(*list)
		for i, d := range *list {
			(*list)[i] = t.at(d, 100*time.Millisecond)
		}
	}
	w.GiveUp, w.Asking = t.at(w.GiveUp, time.Second), t.at(w.Asking, time.Second)
	w.Cut, w.Unreachable = t.at(w.Cut, 100*time.Millisecond), t.at(w.Unreachable, 100*time.Millisecond)
	w.Instead = t.at(w.Instead, 100*time.Millisecond)
	w.Adopt = t.at(w.Adopt, 300*time.Millisecond)
	w.Lease, w.Renew = t.at(w.Lease, 900*time.Millisecond), t.at(w.Renew, 200*time.Millisecond)
	return w
}

// relay are the deadlines towards the relay; zero for those of real work.
func (t testSettings) relay() relay.Times {
	if t.speed <= 1 {
		return relay.Times{}
	}
	r := relay.Standard
	for _, d := range []*time.Duration{&r.Dial, &r.Mail, &r.Rcpt, &r.Data, &r.Block, &r.Dot, &r.Guard, &r.Idle, &r.Quit} {
		*d = t.at(*d, 2*time.Second)
	}
	r.House = t.at(r.House, 100*time.Millisecond)
	for _, d := range []*time.Duration{&r.Failing, &r.Open, &r.OpenMost, &r.Tend} {
		*d = t.at(*d, 500*time.Millisecond)
	}
	return r
}

// ledger is the ledger's patience; zero for that of real work.
func (t testSettings) ledger() ledger.Patience {
	if t.speed <= 1 {
		return ledger.Patience{}
	}
	return ledger.Patience{Answer: t.at(ledger.AnswerIn, 3*time.Second), Rewake: t.at(ledger.Rewake, 500*time.Millisecond)}
}

// sweep is how often leases are looked at; zero for real work.
func (t testSettings) sweep() time.Duration {
	if t.speed <= 1 {
		return 0
	}
	return t.at(3*time.Second, 150*time.Millisecond)
}
