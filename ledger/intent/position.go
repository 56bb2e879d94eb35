package intent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"outreach.example/ledger"
)

// The file `position` of a folder is what the processes of a machine remember together of where the ledger stands: JSON
// with the epoch, the number of the ledger's last audit entry and its chain hash. Whoever asks the ledger about it shares
// the lock of the file `position.lock` beside it, so that a process that stands still keeps no other from asking; whoever
// begins another epoch holds it alone.
const positionName = "position"

// stored is the form of the file. Fields may be added.
type stored struct {
	Epoch string `json:"epoch"`
	Seq   int64  `json:"seq"`
	Chain string `json:"chain"`
}

// Memory reads what a folder remembers and gives it to do, with no other epoch beginning meanwhile; what do returns is
// remembered from then on, unless it is what was there, or somebody else remembers more by then. A folder that is not there
// remembers nothing and is made when there is something to remember.
func Memory(ctx context.Context, dir string, do func(ledger.Position) (ledger.Position, error)) error {
	return memory(ctx, dir, share, do)
}

// Alone does the same with nobody else reading or writing meanwhile.
func Alone(ctx context.Context, dir string, do func(ledger.Position) (ledger.Position, error)) error {
	return memory(ctx, dir, lock, do)
}

func memory(ctx context.Context, dir string, lock func(*os.File) error, do func(ledger.Position) (ledger.Position, error)) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := makeFolder(dir); err != nil {
			return fmt.Errorf("the folder of the intent files: %w", err)
		}
	}
	held, err := os.OpenFile(filepath.Join(dir, positionName+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("position of the ledger: %w", err)
	}
	defer func() { _ = held.Close() }()
	for {
		err := lock(held)
		if err == nil {
			break
		}
		if !errors.Is(err, errLocked) {
			return fmt.Errorf("position of the ledger: %w", err)
		}
		t := time.NewTimer(5 * time.Millisecond)
		select {
		case <-ctx.Done():
			t.Stop()
			return fmt.Errorf("position of the ledger: %s is held by another process: %w", held.Name(), ctx.Err())
		case <-t.C:
		}
	}
	was, err := remembered(dir)
	if err != nil {
		return err
	}
	is, err := do(was)
	if err != nil || is == was {
		return err
	}
	return remember(dir, is)
}

func remembered(dir string) (ledger.Position, error) {
	path := filepath.Join(dir, positionName)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ledger.Position{}, nil
	}
	var s stored
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err == nil && (s.Epoch == "" || s.Seq < 0) {
		err = errors.New("it names no epoch")
	}
	if err != nil {
		return ledger.Position{}, fmt.Errorf("what this machine remembers of the ledger cannot be read (%s): %w", path, err)
	}
	return ledger.Position{Epoch: s.Epoch, Seq: s.Seq, Chain: s.Chain}, nil
}

// remember replaces the file whole, and returns once it is on the disk. What another process has written meanwhile stays
// where it is later in the same epoch.
func remember(dir string, p ledger.Position) error {
	b, err := json.Marshal(stored(p))
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, positionName+"-*.new")
	if err != nil {
		return fmt.Errorf("position of the ledger: %w", err)
	}
	_, err = file.Write(append(b, '\n'))
	err = errors.Join(err, file.Sync(), file.Close())
	if now, no := remembered(dir); err == nil && no == nil && now.Epoch == p.Epoch && now.Seq > p.Seq {
		return removed(file.Name())
	}
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(dir, positionName))
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("position of the ledger: %w", err), removed(file.Name()))
	}
	return nil
}

// Position is the last position of the ledger that the file was told.
func (f *File) Position() ledger.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.position
}

// Living are the files of a folder whose processes live.
func Living(dir string) ([]string, error) {
	paths, err := Files(dir)
	var out []string
	for _, path := range paths {
		if !settled(path) && living(path) {
			out = append(out, path)
		}
	}
	return out, err
}

// Waiting are the files of a folder that nobody has settled: of living and of dead processes.
func Waiting(dir string) ([]string, error) {
	paths, err := Files(dir)
	var out []string
	for _, path := range paths {
		if !settled(path) {
			out = append(out, path)
		}
	}
	return out, err
}
