package relay

import "syscall"

// hungUp says whether the relay has closed the connection, or says something that it was not asked, before the dot: "" if
// not. The kernel would take the dot all the same, and the letter would be in doubt for nothing.
func (w *wire) hungUp() string {
	socket, ok := w.Conn.(syscall.Conn)
	if !ok {
		return "" // a connection of a test's own, that has no socket
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return "the connection is closed"
	}
	why := ""
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == syscall.EAGAIN || err == syscall.EINTR: // nothing to be read: it listens
		case err != nil:
			why = "the relay reset the connection"
		case n == 0:
			why = "the relay closed the connection"
		default:
			// Under TLS this may be its farewell too.
			why = "the relay speaks before it was asked"
		}
		return true
	})
	if err != nil && why == "" {
		why = "the connection is closed"
	}
	return why
}
