package relay

import "testing"

// TestStuffed: the dot of a line is doubled, and nothing else.
func TestStuffed(t *testing.T) {
	for _, tc := range []struct {
		in, want string
		dots     int
	}{
		{"a\r\n", "a\r\n", 0},
		{".\r\n", "..\r\n", 1},
		{"a\r\n.\r\n..\r\nb.\r\n.c\r\n", "a\r\n..\r\n...\r\nb.\r\n..c\r\n", 3},
	} {
		if dots, _, whole := lineEnds([]byte(tc.in)); dots != tc.dots || !whole {
			t.Errorf("%q: %d dots", tc.in, dots)
		}
		if got := string(stuffed([]byte(tc.in), tc.dots)); got != tc.want {
			t.Errorf("%q: %q, want %q", tc.in, got, tc.want)
		}
	}
}
