//go:build linux || darwin || freebsd

package intent

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// errLocked says that another process, or another opening of the file in this one, holds the lock.
var errLocked = errors.New("the file is locked by a process that lives")

// lock takes the lock of a file, which ends with its last descriptor, however the process ends.
func lock(file *os.File) error { return flock(file, unix.LOCK_EX) }

// share takes it together with others who share it.
func share(file *os.File) error { return flock(file, unix.LOCK_SH) }

func flock(file *os.File, how int) error {
	err := unix.Flock(int(file.Fd()), how|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errLocked
	}
	return err
}

// freeSpace is how many bytes a folder's disk has left for us.
func freeSpace(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}
