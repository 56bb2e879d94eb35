package relay_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"outreach.example/letter"
	"outreach.example/relay"
)

// sink starts postfix's smtp-sink, which takes everything and keeps nothing.
func sink(b *testing.B) string {
	b.Helper()
	path, err := exec.LookPath("smtp-sink")
	if err != nil {
		path = "/usr/sbin/smtp-sink"
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	args := []string{addr, "100"}
	if os.Geteuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...) // smtp-sink refuses to run as root
	}
	cmd := exec.Command(path, args...)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		<-tick.C
		c, err := net.Dial("tcp", addr)
		if err != nil {
			continue
		}
		line, err := bufio.NewReader(c).ReadString('\n')
		c.Close()
		if err == nil && strings.HasPrefix(line, "220") {
			return addr
		}
	}
	b.Fatal("smtp-sink does not answer")
	return ""
}

func benchLetter(rcpts int) letter.Sealed {
	line := strings.Repeat("x", 70) + "\r\n"
	s := letter.Sealed{
		Envelope: letter.Envelope{From: "bounce@iom.example", To: "ambassador@kenya.mission.example"},
		Bytes:    []byte("Subject: x\r\n\r\n" + strings.Repeat(line, 10000/len(line))),
	}
	if rcpts > 1 {
		s.Envelope.Registry = "registry@iom.example"
	}
	return s
}

// BenchmarkDeliver is the rate of the relay alone. The figure beside it is that of postfix's smtp-source on the same
// sink in the same run.
func BenchmarkDeliver(b *testing.B) {
	for _, bc := range []struct{ connections, inHand, rcpts int }{{20, 40, 1}, {20, 64, 2}} {
		b.Run(fmt.Sprintf("connections=%d/inhand=%d/rcpts=%d", bc.connections, bc.inHand, bc.rcpts), func(b *testing.B) {
			addr := sink(b)
			s, err := relay.ParseURL("smtp://" + addr + "?tls=none")
			if err != nil {
				b.Fatal(err)
			}
			s.Connections = bc.connections
			r := relay.New(s, relay.Options{Now: time.Now})
			l := benchLetter(bc.rcpts)
			commit := func(context.Context) error { return nil }
			var wg sync.WaitGroup
			work := make(chan struct{}, bc.inHand)
			b.ReportAllocs()
			b.ResetTimer()
			for range bc.inHand {
				wg.Go(func() {
					for range work {
						if v := r.Deliver(b.Context(), l, relay.Attempt{}, commit); v.Outcome != letter.Accepted {
							b.Error(v)
						}
					}
				})
			}
			for range b.N {
				work <- struct{}{}
			}
			close(work)
			wg.Wait()
			ours := float64(b.N) / b.Elapsed().Seconds()
			b.StopTimer()
			r.Close(context.Background())
			n := max(b.N, 2000)
			began := time.Now()
			out, err := exec.Command("/usr/sbin/smtp-source", "-d", "-s", "20", "-l", "10000", "-m", strconv.Itoa(n), addr).CombinedOutput()
			if err != nil {
				b.Fatalf("smtp-source: %v\n%s", err, bytes.TrimSpace(out))
			}
			source := float64(n) / time.Since(began).Seconds()
			b.ReportMetric(ours, "letters/s")
			b.ReportMetric(ours/source, "of-smtp-source")
		})
	}
}
