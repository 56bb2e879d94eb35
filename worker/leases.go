package worker

import "sync/atomic"

// Leases counts what came of renewing the worker's lease since the process began.
type Leases struct{ renewed, failed, lost atomic.Int64 }

func (l *Leases) count(alive bool, err error) {
	switch {
	case err != nil:
		l.failed.Add(1)
	case alive:
		l.renewed.Add(1)
	default:
		l.lost.Add(1)
	}
}

// Leases is how often the lease was renewed, could not be renewed because the store did not answer, and was found ended.
func (w *Worker) Leases() (renewed, failed, lost int64) {
	return w.leases.renewed.Load(), w.leases.failed.Load(), w.leases.lost.Load()
}
