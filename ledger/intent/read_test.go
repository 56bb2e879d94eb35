package intent

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"outreach.example/letter"
)

// sample is the lines of a process that did not leave in order.
func sample(t testing.TB) []byte {
	t.Helper()
	f := open(t, t.TempDir())
	noErr(t, f.Worker("abcdef"))
	for _, donor := range []string{"A", "B", "C"} {
		intend(t, f, intention(donor))
	}
	noErr(t, f.Outcome(intention("A").Key(), 1, letter.Sent, "250 2.0.0 taken"))
	noErr(t, f.Never(intention("B").Key(), 1))
	intend(t, f, intention("D"))
	b, err := os.ReadFile(f.Path())
	noErr(t, err)
	return bytes.TrimRight(b, room)
}

func readBytes(t testing.TB, b []byte) *Content {
	t.Helper()
	c, err := Read(bytes.NewReader(b))
	noErr(t, err)
	return c
}

// A file that was cut anywhere is whole, holds every line before the cut, and nothing of the line that was cut.
func TestTornAtEveryByte(t *testing.T) {
	b := sample(t)
	head := bytes.IndexByte(b, '\n') + 1
	for n := range len(b) + 1 {
		got := readBytes(t, b[:n])
		lines := bytes.Count(b[:n], []byte("\n"))
		intents := bytes.Count(b[:bytes.LastIndexByte(b[:n], '\n')+1], []byte(" dot "))
		torn := n > 0 && b[n-1] != '\n'
		if n < head {
			if got.Whole() {
				t.Fatalf("%d bytes: whole without a head", n)
			}
			continue
		}
		if !got.Whole() || got.Torn != torn || int(got.Lines) != lines || len(got.Traces) != intents {
			t.Fatalf("%d bytes: %q, torn %v, lines %d of %d, intents %d of %d", n, got.Damage, got.Torn, got.Lines, lines, len(got.Traces), intents)
		}
	}
}

// A process that was killed leaves room behind its lines, which is nothing of theirs; one that left in order gives it back.
func TestRoom(t *testing.T) {
	f := open(t, t.TempDir())
	intend(t, f, intention("A"))
	killed, err := os.ReadFile(f.Path())
	noErr(t, err)
	lines := bytes.TrimRight(killed, room)
	if len(killed) != ahead || bytes.Count(killed, []byte(room)) != len(killed)-len(lines) {
		t.Fatalf("%d bytes of lines in a file of %d", len(lines), len(killed))
	}
	got := readBytes(t, killed)
	if !got.Whole() || got.Torn || got.Closed || len(got.Traces) != 1 {
		t.Errorf("room: %q, torn %v, %d intents", got.Damage, got.Torn, len(got.Traces))
	}
	for n := bytes.LastIndexByte(lines[:len(lines)-1], '\n') + 2; n < len(lines); n++ {
		torn := append(bytes.Clone(lines[:n]), bytes.Repeat([]byte(room), len(killed)-n)...)
		if got := readBytes(t, torn); !got.Whole() || !got.Torn || len(got.Traces) != 0 {
			t.Fatalf("torn after %d bytes: %q, torn %v, %d intents", n, got.Damage, got.Torn, len(got.Traces))
		}
	}
	for what, place := range map[string]int{"right behind the lines": len(lines), "in the room": len(lines) + 20_000, "at its end": len(killed) - 1} {
		for _, other := range []byte{0, '\n', ' ', '7'} {
			if what == "right behind the lines" && other == '7' {
				continue // may be the beginning of a line
			}
			bad := bytes.Clone(killed)
			bad[place] = other
			if got := readBytes(t, bad); got.Whole() {
				t.Errorf("%q %s, and the file is whole", other, what)
			}
		}
	}
	// More than the room holds, also in one write.
	var many []Intent
	for i := range 3000 {
		many = append(many, intention(strconv.Itoa(i)))
	}
	noErr(t, f.Intend(t.Context(), many...))
	intend(t, f, intention("B"))
	noErr(t, f.Close())
	left, err := os.ReadFile(f.Path())
	noErr(t, err)
	if got := readBytes(t, left); !got.Whole() || !got.Closed || len(got.Traces) != 3002 || bytes.Contains(left, []byte(room)) {
		t.Errorf("left in order: %q, closed %v, %d intents", got.Damage, got.Closed, len(got.Traces))
	}
}

// A file in which any byte is another, or any line is missing or stands twice, is not whole; at most its torn tail is
// lost.
func TestDamagedAtEveryByte(t *testing.T) {
	b := sample(t)
	last := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1
	for i := range b {
		for _, flip := range []byte{0x01, 0x20, 0x80, b[i], b[i] ^ '\n', b[i] ^ ' '} {
			if flip == 0 {
				continue
			}
			bad := bytes.Clone(b)
			bad[i] ^= flip
			got := readBytes(t, bad)
			if got.Whole() && !(got.Torn && i >= last && len(got.Traces) == 3) {
				t.Fatalf("byte %d (%q) is %q, and the file is whole with %d intents", i, b[i], bad[i], len(got.Traces))
			}
		}
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	lines = lines[:len(lines)-1]
	for i := range lines[:len(lines)-1] {
		missing := bytes.Join(append(append([][]byte{}, lines[:i]...), lines[i+1:]...), nil)
		if got := readBytes(t, missing); got.Whole() {
			t.Errorf("line %d is missing, and the file is whole", i+1)
		}
		twice := bytes.Join(append(append([][]byte{}, lines[:i+1]...), lines[i:]...), nil)
		if got := readBytes(t, twice); got.Whole() {
			t.Errorf("line %d stands twice, and the file is whole", i+1)
		}
	}
	if got := readBytes(t, append(bytes.Clone(b), make([]byte, 4096)...)); got.Whole() {
		t.Error("a page of zeros is no torn tail: somebody may have relied on what stood there")
	}
}

// What a damaged file still holds is handed out.
func TestAfterDamage(t *testing.T) {
	b := sample(t)
	i := bytes.Index(b, []byte("res/B/appeal none-0"))
	b[i] = 'R'
	got := readBytes(t, b)
	if got.Whole() || !strings.HasPrefix(got.Damage, "line 5: its sum is wrong") {
		t.Errorf("damage: %q", got.Damage)
	}
	letters := got.Letters()
	if a := letters[intention("A").Key()]; !a.Intended || a.Outcome != letter.Sent {
		t.Errorf("A: %+v", a)
	}
	if b := letters[intention("B").Key()]; b.Intended || !b.Never {
		t.Errorf("B: %+v", b)
	}
	if d := letters[intention("D").Key()]; !d.Open() || d.Intent.Position.Seq != 7 {
		t.Errorf("D: %+v", d)
	}
}

func TestNewerFile(t *testing.T) {
	for _, line := range []string{"1 head 2 host e1 2026-11-24T10:00:00.000Z", "1 head 1 host e1 2026-11-24T10:00:00.000Z\n2 later x"} {
		var b []byte
		for _, text := range strings.Split(line, "\n") {
			l := line0(b, text)
			b = l.end()
		}
		if got := readBytes(t, b); got.Whole() || !strings.Contains(got.Damage, "this program knows") {
			t.Errorf("%s: %q", line, got.Damage)
		}
	}
	long := append(sample(t), strings.Repeat("x", 3*longest)+"\n"...)
	if got := readBytes(t, long); got.Whole() || !strings.Contains(got.Damage, "too long") || len(got.Traces) != 4 {
		t.Errorf("a line that is too long: %q, %d intents", got.Damage, len(got.Traces))
	}
}

func line0(b []byte, text string) *line { return &line{b: append(b, text...), start: len(b)} }

// Of the letters that were sent the last ones are handed out in any case, the oldest first.
func TestLast(t *testing.T) {
	f := open(t, t.TempDir())
	for i := range lastSent + 5 {
		in := intention(fmt.Sprint(i))
		intend(t, f, in)
		noErr(t, f.Outcome(in.Key(), 1, letter.Sent, "250"))
	}
	noErr(t, f.Close())
	got := read(t, f.Path())
	if n := len(got.Last); n != lastSent || got.Last[0].Letter.Donor != "5" || got.Last[n-1].Letter.Donor != fmt.Sprint(lastSent+4) || !got.Last[0].Intended {
		t.Errorf("%d letters, from %+v to %+v", n, got.Last[0], got.Last[n-1])
	}
}

// Only what is wanted is kept.
func TestSelect(t *testing.T) {
	got, err := Select(bytes.NewReader(sample(t)), func(k Key) bool { return k.Letter.Donor == "B" })
	noErr(t, err)
	if len(got.Traces) != 1 || got.Traces[0].Letter.Donor != "B" || !got.Traces[0].Never || !got.Whole() {
		t.Errorf("%+v", got)
	}
}

func FuzzRead(f *testing.F) {
	b := sample(f)
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add([]byte("1 head 1 host - 2026-11-24T10:00:00.000Z 00000000\n"))
	f.Add([]byte("\n \n1\n1 \n%"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Read(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if c.Whole() && int(c.Lines) != bytes.Count(b, []byte("\n")) {
			t.Errorf("whole, with %d lines of %d", c.Lines, bytes.Count(b, []byte("\n")))
		}
		for _, tr := range c.Traces {
			if tr.Intended && tr.Intent.Key() != tr.Key {
				t.Errorf("%+v", tr)
			}
		}
	})
}

func FuzzField(f *testing.F) {
	for _, s := range []string{"", "-", "a b", "100%", "%2D", "\r\n", "\xff\x00", "é\u2028", "�"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, spaces := range []bool{false, true} {
			b := appendField(nil, s, spaces)
			if bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' || r == ' ' && !spaces }) {
				t.Errorf("%q is written %q", s, b)
			}
			if got, err := readField(string(b)); err != nil || got != s {
				t.Errorf("%q is written %q and read %q, %v", s, b, got, err)
			}
		}
	})
}
