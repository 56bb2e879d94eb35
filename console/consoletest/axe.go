package consoletest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// What looks at pages for people who cannot see them: axe-core. It is no part of the program and not kept in the tree (its
// licence, MPL 2.0, is another than ours); npm fetches it once, as the version and with the content that stand here.
const (
	axeVersion = "4.14.1"
	axeSum     = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

var axeOnce = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "outreach-tests")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	file := filepath.Join(dir, "axe-core-"+axeVersion+".tgz")
	b, err := os.ReadFile(file)
	if err != nil {
		if b, err = fetchAxe(file); err != nil {
			return "", err
		}
	}
	sum := sha512.Sum512(b)
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != axeSum {
		return "", fmt.Errorf("%s is not axe-core %s as it was looked at: its sum is %s; remove the file", file, axeVersion, got)
	}
	return unpackAxe(b)
})

// fetchAxe has npm fetch the package, beside the place where it is to lie: tests of several packages may do so at once.
func fetchAxe(file string) ([]byte, error) {
	dir, err := os.MkdirTemp(filepath.Dir(file), "fetch-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, "axe-core@"+axeVersion)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack axe-core: %w\n%s(./dev/test installs npm)", err, out)
	}
	got := filepath.Join(dir, "axe-core-"+axeVersion+".tgz")
	b, err := os.ReadFile(got)
	if err != nil {
		return nil, err
	}
	return b, os.Rename(got, file)
}

func unpackAxe(b []byte) (string, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return "", err
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err != nil {
			return "", fmt.Errorf("axe.min.js: %w", err)
		}
		if h.Name == "package/axe.min.js" {
			script, err := io.ReadAll(io.LimitReader(t, 4<<20))
			return string(script), err
		}
	}
}

func axe(t testing.TB) string {
	t.Helper()
	script, err := axeOnce()
	if err != nil {
		t.Fatal(err)
	}
	return script
}
