package intent

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Sync puts the lines on the disk, and of the file's properties only what it takes to find them again.
func (l *locked) Sync() error {
	for {
		if err := unix.Fdatasync(int(l.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// network says whether a folder lies on a disk that other machines see too.
func network(dir string) bool {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return false
	}
	switch uint32(s.Type) {
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC,
		unix.AFS_SUPER_MAGIC, unix.V9FS_MAGIC:
		return true
	}
	return false
}
