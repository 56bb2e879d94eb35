package intent

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"outreach.example/ledger"
	"outreach.example/letter"
)

// The kinds of lines.
const (
	kindHead   = "head"
	kindWorker = "worker"
	kindAt     = "at"
	kindDot    = "dot"
	kindEnd    = "end"
	kindNever  = "never"
	kindClosed = "closed"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const timeForm = "2006-01-02T15:04:05.000Z"

// longest is how long a line may be; words are cut so that none is.
const longest = 16 << 10

// mostWords is how many bytes of the relay's words are kept.
const mostWords = 1000

// A line is built field by field at the end of a buffer.
type line struct {
	b     []byte
	start int
}

func begin(b []byte, number int64, kind string) line {
	l := line{b: b, start: len(b)}
	l.b = strconv.AppendInt(l.b, number, 10)
	l.b = append(append(l.b, ' '), kind...)
	return l
}

func (l *line) text(s string) { l.b = appendField(append(l.b, ' '), s, false) }

func (l *line) words(s string) {
	if len(s) > mostWords {
		s = strings.ToValidUTF8(s[:mostWords], "")
	}
	l.b = appendField(append(l.b, ' '), s, true)
}

func (l *line) number(n int64) { l.b = strconv.AppendInt(append(l.b, ' '), n, 10) }

func (l *line) time(t time.Time) { l.b = t.UTC().AppendFormat(append(l.b, ' '), timeForm) }

func (l *line) key(id letter.ID, generation int, nonce string) {
	l.text(id.String())
	l.number(int64(generation))
	l.text(nonce)
}

// end writes the sum and the line feed, and returns the buffer.
func (l *line) end() []byte {
	s := sum(l.b[l.start:])
	return append(append(append(l.b, ' '), s...), '\n')
}

func sum(b []byte) string {
	var four [4]byte
	binary.BigEndian.PutUint32(four[:], crc32.Checksum(b, castagnoli))
	return hex.EncodeToString(four[:])
}

func appendField(b []byte, s string, spaces bool) []byte {
	switch s {
	case "":
		return append(b, '-')
	case "-":
		return append(b, "%2D"...)
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == ' ' && spaces, r != ' ' && r != '%' && unicode.IsPrint(r) && !(r == utf8.RuneError && n == 1):
			b = append(b, s[i:i+n]...)
		default:
			for _, c := range []byte(s[i : i+n]) {
				b = append(b, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
			}
		}
		i += n
	}
	return b
}

func readField(s string) (string, error) {
	if s == "-" {
		return "", nil
	}
	if !strings.Contains(s, "%") {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", fmt.Errorf("%q ends in the middle of a %%XX", s)
		}
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", fmt.Errorf("%q has a %% without two hexadecimal digits", s)
		}
		b, i = append(b, byte(n)), i+2
	}
	return string(b), nil
}

// record is one line, read.
type record struct {
	number   int64
	kind     string
	intent   Intent // of a dot; of an end or a never its letter, generation and nonce
	state    letter.State
	words    string
	at       time.Time
	worker   string
	position ledger.Position
	format   int
	process  string
}

// fieldsOf is how many fields each kind has between its name and its sum.
var fieldsOf = map[string]int{kindHead: 4, kindWorker: 1, kindAt: 3, kindDot: 7, kindEnd: 6, kindNever: 4, kindClosed: 1}

// readLine reads one line, without its line feed.
func readLine(s string) (record, error) {
	cut := strings.LastIndexByte(s, ' ')
	if cut < 0 || len(s)-cut != 9 {
		return record{}, fmt.Errorf("a line without its sum")
	}
	if s[cut+1:] != sum([]byte(s[:cut])) {
		return record{}, fmt.Errorf("its sum is wrong")
	}
	parts := strings.SplitN(s[:cut], " ", 3)
	if len(parts) != 3 {
		return record{}, fmt.Errorf("a line without fields")
	}
	r := record{kind: parts[1]}
	var err error
	if r.number, err = strconv.ParseInt(parts[0], 10, 64); err != nil || r.number < 1 {
		return record{}, fmt.Errorf("its number is %q", parts[0])
	}
	n, known := fieldsOf[r.kind]
	if !known {
		return r, fmt.Errorf("this program knows no line of kind %q", r.kind)
	}
	fields := strings.SplitN(parts[2], " ", n)
	if len(fields) != n {
		return r, fmt.Errorf("a line %s of %d fields, expected %d", r.kind, len(fields), n)
	}
	for i, f := range fields {
		if fields[i], err = readField(f); err != nil {
			return r, err
		}
	}
	return r, r.read(fields)
}

func (r *record) read(f []string) (err error) {
	switch r.kind {
	case kindHead:
		r.format, err = strconv.Atoi(f[0])
		r.process, r.position.Epoch = f[1], f[2]
		return first(err, r.time(f[3]))
	case kindWorker:
		r.worker = f[0]
	case kindAt:
		r.position.Epoch, r.position.Chain = f[0], f[2]
		r.position.Seq, err = strconv.ParseInt(f[1], 10, 64)
	case kindDot:
		err = r.key(f[0], f[2], f[3])
		r.intent.Block = letter.Block{Campaign: r.intent.Letter.Campaign, Step: r.intent.Letter.Step, Name: f[1]}
		r.intent.ContentHash, r.intent.ByteHash = f[4], f[5]
		err = first(err, r.time(f[6]))
		r.intent.At = r.at
	case kindEnd:
		err = first(r.key(f[0], f[1], f[2]), r.time(f[4]))
		r.state, r.words = letter.State(f[3]), f[5]
		if !outcomes[r.state] {
			err = first(err, fmt.Errorf("%q is no outcome", f[3]))
		}
	case kindNever:
		err = first(r.key(f[0], f[1], f[2]), r.time(f[3]))
	case kindClosed:
		err = r.time(f[0])
	}
	return err
}

func (r *record) key(id, generation, nonce string) (err error) {
	if r.intent.Letter, err = letter.ParseID(id); err != nil {
		return err
	}
	r.intent.Nonce = nonce
	r.intent.Generation, err = strconv.Atoi(generation)
	return err
}

func (r *record) time(s string) (err error) {
	r.at, err = time.Parse(timeForm, s)
	return err
}

// outcomes are what an end may say.
var outcomes = map[letter.State]bool{letter.Sent: true, letter.Planned: true, letter.Refused: true, letter.InDoubt: true}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
