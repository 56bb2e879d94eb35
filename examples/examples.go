// Package examples is a complete fictional project: the folder that init writes and that try and the tests use. The
// texts of its letters are the standard texts of room templates; reading the files is for the rooms that own them.
package examples

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"outreach.example/donor"
)

//go:embed outreach.yaml contacts.csv contributions.csv facts.csv campaigns holidays
var files embed.FS

// sampleMonday is the first day of the week that the sample's days are written around.
var sampleMonday = donor.Date{Year: 2026, Month: time.November, Day: 23}

var isoDay = regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b`)

// Files are the files of the sample project by their path with slashes. Every day in them, but for those of the years
// before the sample's, is moved by the same whole number of weeks, so that the campaign starts in the week of today and
// each day keeps its place in the week.
func Files(today donor.Date) map[string][]byte {
	days := (int(today.Weekday()) + 6) % 7 // since Monday
	monday := today.AddDays(-days)
	shift := int(monday.In(time.UTC).Sub(sampleMonday.In(time.UTC)) / (24 * time.Hour))
	moved := map[string][]byte{}
	for _, name := range names() {
		content, err := files.ReadFile(name)
		if err != nil {
			panic(err) // embedded
		}
		if strings.HasPrefix(name, "holidays/") {
			moved[name] = content // a feast stays where the calendar has it
			continue
		}
		moved[name] = isoDay.ReplaceAllFunc(content, func(day []byte) []byte {
			d, err := donor.ParseDate(string(day))
			if err != nil || d.Year < sampleMonday.Year {
				return day // it looks like a day and is none, or it is one of history, which stays where it was
			}
			return []byte(d.AddDays(shift).String())
		})
	}
	return moved
}

// names lists the embedded files, in order.
func names() (all []string) {
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		panic(err) // embedded
	}
	return all
}

// Write writes the sample project into a folder, which it makes where there is none, and answers with the paths it
// wrote, relative to the folder. It overwrites nothing: when one of the files is there already, or when writing ends in
// the middle, it leaves nothing of its own behind.
func Write(dir string, today donor.Date) ([]string, error) {
	all := names()
	if err := write(dir, all, Files(today)); err != nil {
		return nil, err
	}
	return all, nil
}

// write makes all the named files or none.
func write(dir string, names []string, content map[string][]byte) (err error) {
	for _, name := range names {
		target := filepath.Join(dir, filepath.FromSlash(name))
		switch _, err := os.Lstat(target); {
		case err == nil:
			return fmt.Errorf("%s is there already, and nothing is overwritten: choose another folder, or move it away", target)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	var made []string // folders and files, in the order in which they were made
	defer func() {
		if err == nil {
			return
		}
		for _, name := range slices.Backward(made) {
			_ = os.Remove(name) // a folder in which somebody else has put a file stays
		}
	}()
	for _, name := range names {
		target := filepath.Join(dir, filepath.FromSlash(name))
		folders, err := makeFolders(filepath.Dir(target))
		made = append(made, folders...)
		if err != nil {
			return err
		}
		// O_EXCL: a file that has appeared since the look above is not overwritten either.
		f, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		made = append(made, target)
		_, err = f.Write(content[name])
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// makeFolders makes a folder and those above it, and answers with the ones it made, the highest first.
func makeFolders(dir string) (made []string, err error) {
	var missing []string
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) || d == filepath.Dir(d) {
			break
		}
		missing = append(missing, d)
	}
	for _, d := range slices.Backward(missing) {
		if err := os.Mkdir(d, 0o755); err != nil {
			return made, err
		}
		made = append(made, d)
	}
	return made, nil
}
