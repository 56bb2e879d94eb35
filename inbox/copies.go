package inbox

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Copies finds the registry copies of letters in a folder by their Message-IDs, each byte for byte, in the order of their
// files' names.
func Copies(ctx context.Context, folder string, messageIDs []string) (map[string][][]byte, error) {
	dirs, maildir, err := places(folder)
	if err != nil {
		return nil, err
	}
	out := map[string][][]byte{}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() || !maildir && !strings.EqualFold(filepath.Ext(e.Name()), ".eml") {
				continue
			}
			b, cut, err := file{path: filepath.Join(dir, e.Name()), size: info.Size()}.read(0)
			if err != nil || cut {
				continue // what cannot be read as a mail is no copy
			}
			if m, err := parse(b); err == nil && slices.Contains(messageIDs, m.messageID) {
				out[m.messageID] = append(out[m.messageID], b)
			}
		}
	}
	return out, nil
}
