//go:build darwin || freebsd

package intent

import "os"

// locked is a file that is locked for as long as it is open.
type locked struct{ *os.File }

// network says whether a folder lies on a disk that other machines see too; here the system does not tell.
func network(string) bool { return false }
