package ledger

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// An archive is a backup's form: gzip over one JSON object a line, described for people in docs/backup.md. The first line
// says of what it is a copy, the last one that it is whole; sum lines in between say where a change lies.
const (
	archiveKind    = "outreach backup"
	archiveVersion = 1
	sumEvery       = 1000     // lines between two sums
	longestLine    = 64 << 20 // a line that is longer is not one of ours
)

// archiveHead is the first line.
type archiveHead struct {
	Kind    string    `json:"kind"`
	Version int       `json:"version"`
	Schema  int       `json:"schema"`
	At      time.Time `json:"at"`
	Epoch   string    `json:"epoch"`
	Epochs  []string  `json:"epochs,omitempty"` // the ones before it
	Seq     int64     `json:"seq"`
	Chain   string    `json:"chain"`
	Deaths  int64     `json:"deaths"`
	Frozen  string    `json:"frozen,omitempty"`
}

// archiveLine is every other line: values of a key (the ledger's own prefix left away), an entry of the audit stream, or a
// sum over all bytes before this line.
type archiveLine struct {
	Key    string   `json:"key,omitempty"`
	Type   string   `json:"type,omitempty"` // string (a part of it), hash, set, zset, list
	Base64 bool     `json:"base64,omitempty"`
	Values []string `json:"values,omitempty"`

	Entry *archiveEntry `json:"audit,omitempty"`

	Sum   string `json:"sha256,omitempty"`
	Lines int    `json:"lines,omitempty"`
	End   bool   `json:"end,omitempty"`
}

// archiveEntry is an audit entry. What people typed may be no UTF-8; such an entry is written in base64.
type archiveEntry struct {
	Seq    int64  `json:"seq"`
	At     int64  `json:"at"`
	Who    string `json:"who"`
	What   string `json:"what"`
	Body   string `json:"body"`
	Chain  string `json:"chain"`
	Base64 bool   `json:"base64,omitempty"` // who and body
}

type archiveWriter struct {
	zip   *gzip.Writer
	sum   hash.Hash
	lines int
}

func newArchiveWriter(w io.Writer, head archiveHead) (*archiveWriter, error) {
	a := &archiveWriter{zip: gzip.NewWriter(w), sum: sha256.New()}
	return a, a.put(head)
}

func (a *archiveWriter) put(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	if _, err := a.zip.Write(b.Bytes()); err != nil {
		return err
	}
	a.sum.Write(b.Bytes())
	a.lines++
	return nil
}

// line writes one line, and a sum when it is time for one.
func (a *archiveWriter) line(l archiveLine) error {
	if err := a.put(l); err != nil {
		return err
	}
	if a.lines%sumEvery == 0 {
		return a.put(archiveLine{Sum: hex.EncodeToString(a.sum.Sum(nil)), Lines: a.lines})
	}
	return nil
}

func (a *archiveWriter) values(key, kind string, values []string) error {
	if len(values) == 0 {
		return nil
	}
	l := archiveLine{Key: key, Type: kind, Values: values}
	for _, v := range values {
		l.Base64 = l.Base64 || !utf8.ValidString(v)
	}
	if l.Base64 {
		l.Values = make([]string, len(values))
		for i, v := range values {
			l.Values[i] = base64.StdEncoding.EncodeToString([]byte(v))
		}
	}
	return a.line(l)
}

func (a *archiveWriter) entry(e AuditEntry) error {
	out := &archiveEntry{Seq: e.Seq, At: e.At.UnixMilli(), Who: e.Who, What: e.What, Body: e.Body, Chain: e.Chain}
	if !utf8.ValidString(e.Who) || !utf8.ValidString(e.Body) {
		out.Base64 = true
		out.Who = base64.StdEncoding.EncodeToString([]byte(e.Who))
		out.Body = base64.StdEncoding.EncodeToString([]byte(e.Body))
	}
	return a.line(archiveLine{Entry: out})
}

// close writes the last line.
func (a *archiveWriter) close() (sum string, err error) {
	sum = hex.EncodeToString(a.sum.Sum(nil))
	if err := a.put(archiveLine{Sum: sum, Lines: a.lines, End: true}); err != nil {
		return "", err
	}
	return sum, a.zip.Close()
}

// archiveReader reads an archive line by line and proves each sum on its way. Every fault names the line.
type archiveReader struct {
	head  archiveHead
	in    *bufio.Reader
	sum   hash.Hash
	lines int
	whole string // the last line's sum, once it was read
}

func newArchiveReader(r io.Reader) (*archiveReader, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, Refusal("line 1: the file is not a backup of outreach (no gzip); give the file that outreach backup wrote")
	}
	a := &archiveReader{in: bufio.NewReaderSize(z, 1<<20), sum: sha256.New()}
	b, err := a.read()
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &a.head); err != nil || a.head.Kind != archiveKind {
		return nil, a.refuse("the file is not a backup of outreach; give the file that outreach backup wrote")
	}
	switch {
	case a.head.Version > archiveVersion:
		return nil, a.refuse("the backup has version %d and this program knows %d; use the newer program", a.head.Version, archiveVersion)
	case a.head.Schema > Schema:
		return nil, a.refuse("the backup's ledger has schema %d and this program knows %d; use the newer program", a.head.Schema, Schema)
	case a.head.Epoch == "" || a.head.Seq < 1:
		return nil, a.refuse("the backup says nothing of the ledger's position")
	}
	a.sum.Write(b)
	return a, nil
}

func (a *archiveReader) refuse(format string, args ...any) error {
	return Refusal(fmt.Sprintf("line %d: ", a.lines) + fmt.Sprintf(format, args...))
}

const useAnother = "; nothing was written; use another backup"

func (a *archiveReader) read() ([]byte, error) {
	a.lines++
	var line []byte
	for {
		part, err := a.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case len(line) > longestLine:
			return nil, a.refuse("is longer than %d MB%s", longestLine>>20, useAnother)
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, a.refuse("the file was cut off here%s", useAnother)
		default:
			return nil, a.refuse("the file was altered here or before: %v%s", err, useAnother)
		}
	}
}

// next is the next line that holds something; io.EOF after the last one, once it has proved that all is there.
func (a *archiveReader) next() (archiveLine, error) {
	for {
		if a.whole != "" {
			return archiveLine{}, io.EOF
		}
		b, err := a.read()
		if err != nil {
			return archiveLine{}, err
		}
		var l archiveLine
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil {
			return archiveLine{}, a.refuse("cannot be read: %s%s", strings.TrimPrefix(err.Error(), "json: "), useAnother)
		}
		if l.Sum == "" {
			a.sum.Write(b)
			if err := l.decode(); err != nil {
				return archiveLine{}, a.refuse("%v%s", err, useAnother)
			}
			return l, nil
		}
		got := hex.EncodeToString(a.sum.Sum(nil))
		if got != l.Sum || l.Lines != a.lines-1 {
			return archiveLine{}, a.refuse("this line or one before it was altered: the sum of all before it is not the one written here%s", useAnother)
		}
		a.sum.Write(b)
		if !l.End {
			continue
		}
		if _, err := a.in.ReadByte(); !errors.Is(err, io.EOF) {
			a.lines++
			return archiveLine{}, a.refuse("something follows after the backup's last line%s", useAnother)
		}
		a.whole = got
		return archiveLine{}, io.EOF
	}
}

func (l *archiveLine) decode() error {
	plain := func(s *string) error {
		b, err := base64.StdEncoding.DecodeString(*s)
		*s = string(b)
		return err
	}
	if e := l.Entry; e != nil && e.Base64 {
		if err := errors.Join(plain(&e.Who), plain(&e.Body)); err != nil {
			return err
		}
	}
	for i := range l.Values {
		if l.Base64 {
			if err := plain(&l.Values[i]); err != nil {
				return err
			}
		}
	}
	if l.Entry == nil && (l.Key == "" || len(l.Values) == 0) {
		return errors.New("says nothing")
	}
	return nil
}
