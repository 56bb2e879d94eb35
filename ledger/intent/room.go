package intent

import (
	"bytes"
	"errors"
	"os"
)

// room stands where no line was written yet. A line holds none, and a page that a disk has lost is made of other bytes.
const room = "\t"

// ahead is how much room is made at a time, in bytes: some hundred letters.
const ahead = 256 << 10

// locked is a file that is locked for as long as it is open. Room is made ahead of what is written, and given back in the end:
// the disk takes lines that need no room twice as fast, because it has no new length of the file to take with them.
type locked struct {
	*os.File
	end, made int64 // where the next line is written, and where the room ends
}

func (l *locked) Write(b []byte) (int, error) {
	if l.end+int64(len(b)) > l.made {
		// Without room the lines are written all the same, and the disk says what is wrong with that.
		n, _ := l.WriteAt(bytes.Repeat([]byte(room), ahead), l.made)
		l.made += int64(n)
	}
	n, err := l.WriteAt(b, l.end)
	l.end += int64(n)
	l.made = max(l.made, l.end)
	return n, err
}

func (l *locked) Close() error {
	return errors.Join(l.Truncate(l.end), l.File.Close())
}
