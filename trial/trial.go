// Package trial is the built-in store and the built-in mailbox with its pages, for `outreach try` and for tests. Both
// listen on loopback only, and nothing that they take in is passed on. It leaves everything real to others: a Redis that
// keeps what it is told, and a relay that delivers.
package trial

import (
	"fmt"
	"net"
)

// listen opens a port on the machine's own address; "" is any free one. An address that others could reach is refused:
// a trial is seen by nobody else.
func listen(what, addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %q is no address to listen on (expected for example 127.0.0.1:8025)", what, addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s: %q can be reached from other machines: choose a loopback address, for example 127.0.0.1:8025", what, addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return l, nil
}
